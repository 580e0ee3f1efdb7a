import { cp, rm } from 'node:fs/promises';

import { expect, test } from '@playwright/test';

import { Aldis, answer, say, type Person } from '../../support/aldis.ts';
import { refusal } from '../../support/check.ts';
import { client, delivered, join, next, type Client } from '../../support/live.ts';
import type { Message, Problem, Reply, Synced } from '../../../web/src/app/protocol/protocol.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start(['--message-burst', '100000'])));
test.afterAll(() => aldis.end());

const texts = ({ messages }: Client) => messages.items.map(({ text }) => text);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);

async function people(...names: string[]): Promise<Person[]> {
  const people: Person[] = [];
  for (const name of names) people.push(await aldis.person(name));
  return people;
}

/** Sends numbered messages one behind the other, without waiting in between. */
async function count({ socket }: Client, receiver: string, from: number, to: number): Promise<Message[]> {
  const sends = numbers(from, to).map((text) => socket.emitWithAck('message', { receiver, text }));
  return (await Promise.all(sends)).map(answer);
}

test('messages wait for who is away, in order over all senders, and come before anything newer', async () => {
  const [ann, bob, eve] = (await people('ann', 'bob', 'eve')) as [Person, Person, Person];
  const [a, e, b] = [client(aldis.url, ann), client(aldis.url, eve), client(aldis.url, bob)];
  await Promise.all([join(a), join(e)]);
  for (let n = 1; n <= 20; n++) await say((n % 3 ? a : e).socket, { receiver: bob.username, text: `${n}` });
  // What is sent while it connects comes behind what waited.
  const joined = join(b);
  const sent = count(a, bob.username, 21, 60);
  await Promise.all([joined, sent]);
  await b.messages.reaches(60);
  expect(texts(b)).toEqual(numbers(1, 60));
  const done = b.events.items.findIndex(([name]) => name === 'sync:done');
  expect(b.events.items.slice(0, done).filter(([name]) => name === 'message').length).toBeGreaterThanOrEqual(
    20,
  );
  for (const { socket } of [a, e, b]) socket.close();
});

test('what a plain client was sent does not come again', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const a = client(aldis.url, ann);
  await join(a);
  await count(a, bob.username, 1, 100);
  for (const [from, to] of [
    [1, 100],
    [101, 150],
    [151, 151],
  ] as const) {
    const b = client(aldis.url, bob);
    await join(b);
    await b.messages.reaches(to - from + 1);
    expect(texts(b)).toEqual(numbers(from, to));
    b.socket.close();
    await expect.poll(() => b.socket.connected).toBe(false);
    if (to < 151) await count(a, bob.username, to + 1, to === 100 ? 150 : 151);
  }
  // Neither is one's own coming back.
  const again = client(aldis.url, ann);
  await join(again);
  expect(texts(again)).toEqual([]);
  for (const { socket } of [a, again]) socket.close();
});

test('every device of both people gets a message, but for the socket that sent it', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const devices = [ann, ann, bob, bob].map((person) => client(aldis.url, person));
  const [sending, ...others] = devices as [Client, Client, Client, Client];
  await Promise.all(devices.map(join));
  const sent = await count(sending, bob.username, 1, 30);
  for (const device of others) expect(await device.messages.reaches(30)).toEqual(sent);
  expect(sending.messages.items).toEqual([]);
  for (const { socket } of devices) socket.close();
});

test('the order in which one socket emits is the order in which it is stored', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await Promise.all([join(a), join(b)]);
  const sent = await count(a, bob.username, 1, 2000);
  expect(sent.map(({ seq }) => seq)).toEqual(sent.map((_, index) => index + 1));
  await b.messages.reaches(2000);
  expect(texts(b)).toEqual(numbers(1, 2000));
  for (const { socket } of [a, b]) socket.close();
});

test('with acks, what was not acknowledged comes again, in order', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const a = client(aldis.url, ann);
  await join(a);
  await count(a, bob.username, 1, 10);

  /** Acknowledges all texts but these. */
  const acknowledging = async (except: string[]) => {
    const b = client(aldis.url, { ...bob, acks: true });
    const seen: string[] = [];
    b.socket.on('message', ({ text }, received) => {
      seen.push(text);
      if (!except.includes(text)) received?.();
    });
    await join(b);
    return { b, seen };
  };
  const first = await acknowledging(['4', '8']);
  expect(first.seen).toEqual(numbers(1, 10));
  const told = new Set<number>();
  a.socket.on('receipt', ({ deliveredSeq }) => told.add(deliveredSeq));
  await expect.poll(() => Math.max(...told)).toBe(3);
  first.b.socket.close();

  await count(a, bob.username, 11, 12);
  const second = await acknowledging([]);
  expect(second.seen).toEqual(numbers(4, 12));
  await expect.poll(() => Math.max(...told)).toBe(12);
  await count(a, bob.username, 13, 14);
  await second.b.messages.reaches(11);
  second.b.socket.close();

  const third = await acknowledging([]);
  expect(third.seen.filter((text) => Number(text) < 13)).toEqual([]);
  third.b.socket.close();
  a.socket.close();
});

test('acknowledging lets a long flush go on', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const a = client(aldis.url, ann);
  await join(a);
  await count(a, bob.username, 1, 3000);
  const b = client(aldis.url, { ...bob, acks: true });
  b.socket.on('message', (_, received) => received?.());
  await join(b);
  await b.messages.reaches(3000);
  expect(texts(b)).toEqual(numbers(1, 3000));
  for (const { socket } of [a, b]) socket.close();
});

test('a cursor gives exactly what came after it, one’s own included', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const [a, phone] = [client(aldis.url, ann), client(aldis.url, bob)];
  await join(a);
  const cursors = [await join(phone)];
  phone.socket.close();
  const bobs = client(aldis.url, bob);
  await join(bobs);
  for (const [from, to] of [
    [1, 5],
    [6, 10],
  ] as const) {
    await count(a, bob.username, from, to);
    await say(bobs.socket, { receiver: ann.username, text: `own ${to}` });
    const resumed = client(aldis.url, { ...bob, cursor: cursors.at(-1) });
    cursors.push(await join(resumed));
    expect(texts(resumed)).toEqual([...numbers(from, to), `own ${to}`]);
    resumed.socket.close();
  }
  // However far the user's other devices are, and as often as one likes.
  const expected = [
    [...numbers(1, 5), 'own 5', ...numbers(6, 10), 'own 10'],
    [...numbers(6, 10), 'own 10'],
    [],
  ];
  for (const [index, cursor] of cursors.entries()) {
    const resumed = client(aldis.url, { ...bob, cursor });
    await join(resumed);
    expect(texts(resumed)).toEqual(expected[index]);
    resumed.socket.close();
  }
  for (const { socket } of [a, bobs]) socket.close();
});

test('a device that was away sees changes in order', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await join(a);
  const cursor = await join(b);
  b.socket.close();
  const { id, conversationId } = await say(a.socket, { receiver: bob.username, text: 'helo' });
  await say(a.socket, { receiver: bob.username, text: 'second' });
  answer(await a.socket.emitWithAck('message:edit', { conversationId, id, text: 'hello' }));
  await say(a.socket, { receiver: bob.username, text: 'third' });
  for (const auth of [{}, { cursor }]) {
    const back = client(aldis.url, { ...bob, ...auth });
    await join(back);
    const log = back.events.items.map(([name, payload]) => [name, (payload as Message).text]);
    const entries = log.filter(([name]) => name?.startsWith('message'));
    expect(entries).toEqual([
      ['message', 'hello'],
      ['message', 'second'],
      ['message:updated', 'hello'],
      ['message', 'third'],
    ]);
    back.socket.close();
  }
  a.socket.close();
});

test('a cursor that is none is told, and the client is served as one without', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const a = client(aldis.url, ann);
  const now = Buffer.from(await join(a), 'base64url');
  await count(a, bob.username, 1, 3);
  // Of a log that is further on.
  const ahead = Buffer.concat([now.subarray(0, 9), Buffer.from([0, 0, 1, 0, 0, 0, 0, 0])]).toString(
    'base64url',
  );
  for (const [cursor, expected] of [
    ['nonsense', numbers(1, 3)],
    [ahead, []],
  ] as const) {
    const b = client(aldis.url, { ...bob, cursor });
    const told = next<Problem>(b, 'request:error');
    await join(b);
    expect((await told).code).toBe('cursor_invalid');
    expect(texts(b)).toEqual(expected);
    b.socket.close();
  }
  a.socket.close();
});

test('a cursor lives through a restart, and not through going back to a copy', async () => {
  const own = await Aldis.start();
  const copy = `${own.data}-copy`;
  try {
    const [ann, bob] = [await own.person('ann'), await own.person('bob')];
    const session = async (
      auth: object,
      texts: string[],
    ): Promise<{ cursor: string; told: unknown[]; received: string[] }> => {
      const [a, b] = [client(own.url, ann), client(own.url, { ...bob, ...auth })];
      await join(a);
      const sent: Message[] = [];
      for (const text of texts) sent.push(await say(a.socket, { receiver: bob.username, text }));
      const cursor = await join(b);
      // Else it would be in doubt, and come again.
      for (const { seq } of sent.slice(-1)) await delivered(a, bob, seq);
      const told = b.events.items
        .filter(([name]) => name === 'request:error')
        .map(([, problem]) => (problem as Problem).code);
      const received = b.messages.items.map(({ text }) => text);
      for (const { socket } of [a, b]) socket.close();
      return { cursor, told, received };
    };
    const first = await session({}, ['1', '2']);
    await own.stop();
    await cp(own.data, copy, { recursive: true });
    await own.restart();
    const second = await session({ cursor: first.cursor }, ['3']);
    expect(second).toMatchObject({ told: [], received: ['3'] });
    await own.stop();
    await rm(own.data, { recursive: true });
    await cp(copy, own.data, { recursive: true });
    await own.restart();
    // The log has grown behind where the cursor was.
    expect(await session({ cursor: second.cursor }, ['4', '5'])).toMatchObject({
      told: ['cursor_invalid'],
      received: ['4', '5'],
    });
    expect(await session({ cursor: first.cursor }, [])).toMatchObject({ told: [], received: ['4', '5'] });
  } finally {
    await own.end();
    await rm(copy, { recursive: true, force: true });
  }
});

test('sync pages behind a cursor, and gives a fresh one to who has everything', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await join(a);
  const start = await join(b);
  await count(a, bob.username, 1, 25);
  await b.messages.reaches(25);
  const live = answer(await b.socket.emitWithAck('sync', {}));
  expect(live.more).toBe(false);
  const after = client(aldis.url, { ...bob, cursor: live.cursor });
  await join(after);
  expect(texts(after)).toEqual([]);

  let cursor = start;
  for (const [page, more] of [
    [numbers(1, 10), true],
    [numbers(11, 20), true],
    [numbers(21, 25), false],
  ] as const) {
    const before = after.messages.items.length;
    const answered = answer(await after.socket.emitWithAck('sync', { cursor, limit: 10 }));
    // The events come before the answer.
    expect(texts(after).slice(before)).toEqual(page);
    expect(answered.more).toBe(more);
    cursor = answered.cursor;
  }
  // All of it is optional.
  const bare = b.socket as unknown as { emitWithAck(name: 'sync'): Promise<Reply<Synced>> };
  expect(answer(await bare.emitWithAck('sync')).more).toBe(false);
  refusal(await b.socket.emitWithAck('sync', { cursor: 'nonsense' }), 400, 'cursor_invalid');
  refusal(await b.socket.emitWithAck('sync', { cursor, limit: 0 }), 422, 'invalid');
  for (const { socket } of [a, b, after]) socket.close();
});

test('a fresh cursor stands where the socket has come to, also in the middle of traffic', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await Promise.all([join(a), join(b)]);
  let sending = true;
  const sent = (async () => {
    for (let n = 1; n <= 400; n += 4)
      await Promise.all([0, 1, 2, 3].map((i) => say(a.socket, { receiver: bob.username, text: `${n + i}` })));
    sending = false;
  })();
  const cursors: [cursor: string, received: number][] = [];
  while (sending) {
    // What had come when the answer came, not when whoever waits for it goes on.
    const note = (reply: Reply<Synced>) => void cursors.push([answer(reply).cursor, b.messages.items.length]);
    await new Promise<void>((done) => b.socket.emit('sync', {}, (reply) => (note(reply), done())));
  }
  await sent;
  await b.messages.reaches(400);
  const sample = cursors.filter((_, i) => i % Math.ceil(cursors.length / 20) === 0);
  for (const [cursor, received] of sample) {
    const again = client(aldis.url, { ...bob, cursor });
    await join(again);
    expect(texts(again)).toEqual(numbers(received + 1, 400));
    again.socket.close();
  }
  expect(texts(b)).toEqual(numbers(1, 400));
  for (const { socket } of [a, b]) socket.close();
});

test('a new conversation is told to both before its first message', async () => {
  const [ann, bob] = (await people('ann', 'bob')) as [Person, Person];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await Promise.all([join(a), join(b)]);
  const message = await say(a.socket, { receiver: bob.username, text: 'hi' });
  // The acknowledgement does not wait for either.
  await Promise.all([
    expect.poll(() => a.events.items.map(([name]) => name)).toContain('conversation'),
    b.messages.reaches(1),
  ]);
  expect(
    b.events.items.map(([name]) => name).filter((name) => name !== 'sync:done' && name !== 'receipt'),
  ).toEqual(['conversation', 'message']);
  const told = (live: Client) => live.events.items.find(([name]) => name === 'conversation')![1];
  expect(told(a)).toMatchObject({ id: message.conversationId, unread: 0, headSeq: 1, lastMessage: message });
  expect(told(b)).toMatchObject({ id: message.conversationId, unread: 1, headSeq: 1, lastMessage: message });
  for (const { socket } of [a, b]) socket.close();
});

test('what waits survives a restart and a kill', async () => {
  const own = await Aldis.start();
  try {
    const [ann, bob] = [await own.person('ann'), await own.person('bob')];
    for (const round of ['stop', 'kill'] as const) {
      const a = client(own.url, ann);
      await join(a);
      for (let n = 1; n <= 5; n++) await say(a.socket, { receiver: bob.username, text: `${round} ${n}` });
      a.socket.close();
      await own[round]();
      await own.restart();
      const b = client(own.url, bob);
      await join(b);
      expect(texts(b)).toEqual([1, 2, 3, 4, 5].map((n) => `${round} ${n}`));
      b.socket.close();
    }
  } finally {
    await own.end();
  }
});
