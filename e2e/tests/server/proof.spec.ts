import { expect, test } from '@playwright/test';

import { Aldis, answer, type Person, say } from '../../support/aldis.ts';
import { Hole } from '../../support/hole.ts';
import { client, type Client, delivered, join, next } from '../../support/live.ts';
import type { Receipt } from '../../../web/src/app/protocol/protocol.ts';

// A message counts as delivered to a plain client once its library is known to have it, not once a kernel
// has.

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start(['--message-burst', '100000'])));
test.afterAll(() => aldis.end());

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
const texts = ({ messages }: Client) => messages.items.map(({ text }) => text);

const isReceipt = (name: string, payload: unknown, username: string) =>
  name === 'receipt' && (payload as Receipt).username === username;

for (const transport of ['websocket', 'polling']) {
  const options = { transports: [transport], reconnection: false };

  test(`a network that vanishes loses nothing, and nothing is called delivered that did not arrive (${transport})`, async () => {
    const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
    const hole = await Hole.before(aldis.url);
    try {
      const [a, e] = [client(aldis.url, ann), client(aldis.url, eve)];
      const b = client(hole.url, bob, options);
      await Promise.all([a, e, b].map(join));
      await say(a.socket, { receiver: bob.username, text: 'here' });
      await delivered(a, bob, 1);

      hole.swallow('"text":"1"');
      const sends = numbers(1, 50).map((text) =>
        a.socket.emitWithAck('message', { receiver: bob.username, text }),
      );
      for (const reply of await Promise.all(sends)) answer(reply);
      // All of it has left the server, as far as the transport lets it: on polling one response is on its
      // way.
      await expect
        .poll(() => hole.swallowed)
        .toContain(transport === 'polling' ? '"text":"1"' : '"text":"50"');
      // Receipts are told in the order in which they are stored: what is told of eve comes behind what was
      // told of bob.
      await say(a.socket, { receiver: eve.username, text: 'fence' });
      await delivered(a, eve, 1);
      expect(texts(b)).toEqual(['here']);
      const early = a.events.items.filter(([name, payload]) => isReceipt(name, payload, bob.username));
      expect(early.map(([, payload]) => (payload as Receipt).deliveredSeq)).toEqual([1]);

      const again = client(aldis.url, bob, options);
      await join(again);
      expect(texts(again)).toEqual(numbers(1, 50));
      await delivered(a, bob, 51);
      for (const { socket } of [a, e, b, again]) socket.close();
    } finally {
      hole.end();
    }
  });

  test(`closing and coming back in the middle of traffic loses nothing (${transport})`, async () => {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const a = client(aldis.url, ann);
    await join(a);
    let sent = 0;
    let sending = true;
    const pump = async () => {
      while (sending) await say(a.socket, { receiver: bob.username, text: `${++sent}` });
    };
    const pumps = Promise.all(Array.from({ length: 8 }, pump));
    const received = new Map<string, string>();
    let sessions = 0;
    for (const last = Date.now() + 15_000; Date.now() < last && sessions < 150; sessions++) {
      const b = client(aldis.url, bob, options);
      const connected = next(b, 'sync:done');
      b.socket.connect();
      await connected;
      const enough = b.messages.items.length + (sessions % 13);
      await b.messages.reaches(enough);
      b.socket.close();
      const seqs = b.messages.items.map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((one, other) => one - other));
      for (const { id, text } of b.messages.items) received.set(id, text);
    }
    sending = false;
    await pumps;
    const rest = client(aldis.url, bob, options);
    await join(rest);
    for (const { id, text } of rest.messages.items) received.set(id, text);
    const seen = new Set(received.values());
    expect(
      numbers(1, sent).filter((text) => !seen.has(text)),
      `of ${sent} in ${sessions} sessions`,
    ).toEqual([]);
    for (const { socket } of [a, rest]) socket.close();
  });
}

test('who leaves when everything that waited has come does not get it again', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const a = client(aldis.url, ann);
  await join(a);
  for (const text of numbers(1, 20)) await say(a.socket, { receiver: bob.username, text });
  for (const expected of [numbers(1, 20), []]) {
    const b = client(aldis.url, bob);
    const gone = next(b, 'disconnect');
    b.socket.on('sync:done', () => b.socket.close());
    b.socket.connect();
    await gone;
    expect(texts(b)).toEqual(expected);
  }
  a.socket.close();
});

test('a plain client is told a great deal at once, and it counts as delivered', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const a = client(aldis.url, ann);
  await join(a);
  const sends = numbers(1, 5000).map((text) =>
    a.socket.emitWithAck('message', { receiver: bob.username, text }),
  );
  for (const reply of await Promise.all(sends)) answer(reply);
  const b = client(aldis.url, bob);
  const begun = Date.now();
  await join(b);
  // Not a page for each ping.
  expect(Date.now() - begun).toBeLessThan(5000);
  expect(texts(b)).toEqual(numbers(1, 5000));
  await delivered(a, bob, 5000);
  for (const { socket } of [a, b]) socket.close();
});
