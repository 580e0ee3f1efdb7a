import { fileURLToPath } from 'node:url';

import { test as base } from '@playwright/test';
import { type ManagerOptions, type Socket, type SocketOptions, io } from 'socket.io-client';

import { Server } from '../../support/process.ts';

const command =
  process.env['CONFORMANCE_SERVER'] ??
  fileURLToPath(new URL('../../../target/debug/examples/conformance_server', import.meta.url));

/** Starts the server; a port of 0 is any. Its heartbeat is slow, for the client is busy at times. */
export function start(port = 0): Promise<Server> {
  return Server.start(command, [String(port), '25000', '20000']);
}

/** The ways in which the official client may be told to connect. */
export const transports = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
} as const;

type Options = Partial<ManagerOptions & SocketOptions>;

interface Fixtures {
  /** Opens a connection of its own; closed after the test. */
  connect: (path?: string, options?: Options) => Socket;
}

/** A test with a server, which its worker shares, and clients. */
export const test = base.extend<Fixtures, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  connect: async ({ server }, use) => {
    const sockets: Socket[] = [];
    await use((path = '/', options = {}) => {
      const socket = io(server.url + path, { forceNew: true, ...options });
      sockets.push(socket);
      return socket;
    });
    for (const socket of sockets) {
      socket.disconnect();
    }
  },
});

/** The arguments of the next event of a name. */
export function next(socket: Socket, event: string): Promise<any[]> {
  return new Promise((resolve) => socket.once(event, (...args: any[]) => resolve(args)));
}

/** Resolves when the connection has moved to WebSocket. */
export function upgraded(socket: Socket): Promise<void> {
  const { engine } = socket.io;
  return engine.transport.name === 'websocket'
    ? Promise.resolve()
    : new Promise((resolve) => engine.once('upgrade', () => resolve()));
}
