/** The peers do what they are measured at: who compares with something broken compares with nothing. */
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';

import { type Name, Running } from './support/servers.ts';

async function start(name: Name): Promise<Running> {
  const server = await Running.start(name);
  after(() => server.end());
  return server;
}

for (const name of ['demo', 'socketioxide'] as const) {
  test(`${name} delivers, queues and fans out`, async () => {
    const { url } = await start(name);
    const sockets: Socket[] = [];
    after(() => sockets.forEach((socket) => socket.close()));

    const token = async (username: string) => {
      const body = JSON.stringify({ username, password: 'x' });
      const response = await fetch(`${url}/auth/login`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
      return ((await response.json()) as { token: string }).token;
    };
    const connect = async (token: string) => {
      const socket = io(url, {
        auth: { token },
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
      });
      sockets.push(socket);
      const texts: string[] = [];
      socket.on('message', ({ text }: { text: string }) => texts.push(text));
      await new Promise<void>((done, failed) => {
        socket.once('connect', done);
        socket.once('connect_error', failed);
      });
      const reaches = async (count: number) => {
        while (texts.length < count) await once(socket as unknown as NodeJS.EventEmitter, 'message');
        return texts.splice(0);
      };
      return { socket, reaches };
    };

    await rejects(connect('nonsense'));
    const ann = await connect(await token('ann'));

    // Bob is away: everything waits, in order, and comes once.
    const sent = Array.from({ length: 1000 }, (_, index) => `text ${index}`);
    const acks = await Promise.all(
      sent.map((text) => ann.socket.emitWithAck('message', { sender: 'ann', receiver: 'bob', text })),
    );
    deepEqual(
      acks.map(({ status, data }) => [status, data.sender, data.receiver, data.text]),
      sent.map((text) => ['ok', 'ann', 'bob', text]),
    );
    equal(new Set(acks.map(({ data }) => data.id)).size, 1000);
    let bob = await connect(await token('bob'));
    deepEqual(await bob.reaches(1000), sent);
    bob.socket.close();
    bob = await connect(await token('bob'));

    ann.socket.emit('message', { sender: 'ann', receiver: 'bob', text: 'live' });
    deepEqual(await bob.reaches(1), ['live']);

    await bob.socket.emitWithAck('join', { room: 'all' });
    const { data } = await ann.socket.emitWithAck('group', { room: 'all', text: 'to the group' });
    equal(data.text, 'to the group');
    deepEqual(await bob.reaches(1), ['to the group']);
  });
}

test('relay forwards as it is and acknowledges', async () => {
  const { url } = await start('relay');
  const connect = async (number: number) => {
    const socket = new WebSocket(url.replace('http', 'ws'));
    after(() => socket.close());
    const frames: string[] = [];
    socket.on('message', (data, binary) => frames.push(binary ? 'binary' : String(data)));
    await once(socket, 'open');
    socket.send(String(number));
    const reaches = async (count: number) => {
      while (frames.length < count) await once(socket, 'message');
      return frames;
    };
    return { socket, reaches };
  };
  const one = await connect(1);
  const two = await connect(2);
  const sent = [10, 125, 126, 1000, 65_535, 65_536].map((size) => `2 ${'é'.repeat(size / 2)}`);
  // The number of the other may not have been read yet.
  await new Promise((later) => setTimeout(later, 50));
  for (const frame of sent) one.socket.send(frame);
  deepEqual(await two.reaches(sent.length), sent);
  deepEqual(
    await one.reaches(sent.length),
    sent.map(() => '+'),
  );
});
