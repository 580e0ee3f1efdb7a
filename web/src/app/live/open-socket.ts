import { Service } from '@angular/core';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';

import type { ClientToServerEvents, ServerToClientEvents } from '../protocol/protocol';
import { breath } from '../ui/breath';

export type Live = Socket<ServerToClientEvents, ClientToServerEvents>;

/**
 * Opens the connection. It comes with its library in a part of its own; as a service, that part belongs to the main one,
 * and what the build shares between the two is there. The library alone would make it one more file of the first load.
 */
@Service()
export class SocketOpener {
  async open(options: Partial<ManagerOptions & SocketOptions>): Promise<Live> {
    await breath();
    return io(options);
  }
}
