// What the examples share: a connection that comes back by itself, and sending that loses nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';

export const url = process.env.ALDIS_URL ?? 'http://localhost:5000';
export const token = process.env.ALDIS_TOKEN;

/** Connects. What `auth` gives is asked for each time, since a cursor moves on. */
export function connect(auth) {
  // The library takes the path of a URL for the name of a namespace.
  const { origin, pathname } = new URL(url);
  const path = `${pathname.replace(/\/$/, '')}/socket.io/`;
  const socket = io(origin, { path, auth: (give) => give({ token, ...auth() }) });
  socket.on('connect_error', async ({ data: problem }) => {
    // Without a problem nobody answered, and the library tries again by itself.
    if (!problem) return;
    if (!problem.retryable) {
      console.error(problem.detail);
      process.exit(1);
    }
    await pause(1000 * (problem.retryAfter ?? 1));
    socket.connect();
  });
  return socket;
}

/** Sends until the message is on the server's disk: its `clientId` makes it one, however often it is sent. */
export async function send(socket, message) {
  for (;;) {
    // Without an answer nobody knows whether it was stored.
    const reply = await socket.timeout(10_000).emitWithAck('message', message).catch(() => undefined);
    if (reply?.status === 'ok') return reply.data;
    if (reply && !reply.error.retryable) throw new Error(reply.error.detail);
    await pause(1000 * (reply?.error.retryAfter ?? 1));
  }
}
