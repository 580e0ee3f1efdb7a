import { expect, test } from '@playwright/test';
import { io } from 'socket.io-client';

import { next, start, transports } from './server.ts';

for (const [name, list] of Object.entries(transports)) {
  test(`${name}: clients come back when the server does`, async () => {
    const first = await start();
    const socket = io(first.url, { forceNew: true, transports: [...list], reconnectionDelay: 50 });
    await next(socket, 'connect');
    const gone = next(socket, 'disconnect');
    await first.stop('SIGKILL');
    await gone;
    // What is emitted meanwhile is sent then.
    const answer = socket.emitWithAck('message-with-ack', 'meanwhile');
    const second = await start(Number(new URL(first.url).port));
    expect(await answer).toBe('meanwhile');
    socket.disconnect();
    await second.stop();
  });
}
