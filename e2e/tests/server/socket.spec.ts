import { expect, test } from '@playwright/test';

import { Aldis, answer, say } from '../../support/aldis.ts';
import { problem, refusal } from '../../support/check.ts';
import { client, join, next, refusedConnect } from '../../support/live.ts';
import type { Message, Problem, Reply, SendMessage } from '../../../web/src/app/protocol/protocol.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`two people talk over ${transports.join(' and then ')}`, async () => {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const [a, b] = [ann, bob].map(({ token }) => client(aldis.url, { token }, { transports })) as [
      ReturnType<typeof client>,
      ReturnType<typeof client>,
    ];
    await Promise.all([join(a), join(b)]);
    for (let count = 1; count <= 50; count++) {
      const [from, to] = count % 2 ? [a, bob] : [b, ann];
      const message = await say(from.socket, { receiver: to.username, text: `${count}` });
      expect(message).toMatchObject({ seq: count, receiver: to.username, text: `${count}` });
    }
    const received = [...(await a.messages.reaches(25)), ...(await b.messages.reaches(25))];
    expect(received.map(({ seq }) => seq).sort((x, y) => x - y)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    expect(a.socket.io.engine.transport.name).toBe(transports.at(-1));
    for (const { socket } of [a, b]) socket.close();
  });
}

test('handshakes that are refused, and why', async () => {
  const { token } = await aldis.person('ann');
  const because = async (auth: object, code: string) => {
    const { message, data } = await refusedConnect(client(aldis.url, auth));
    expect(message).toBe(code);
    problem(data, 401, code as 'token_required');
  };
  await because({}, 'token_required');
  await because({ token: null }, 'token_required');
  await because({ token: '' }, 'token_required');
  await because({ token: 5 }, 'token_invalid');
  await because({ token: 'nonsense' }, 'token_invalid');
  await aldis.call('POST', '/auth/logout', undefined, token);
  await because({ token }, 'session_revoked');
});

test('what else is unfit in a handshake is told, and does not hide the rest', async () => {
  const ann = await aldis.person('ann');
  const first = client(aldis.url, ann);
  const cursor = await join(first);
  await say(first.socket, { receiver: ann.username, text: 'after the cursor' });
  for (const [auth, code, field] of [
    [{ cursor, acks: 'yes' }, 'invalid', 'acks'],
    [{ cursor: 'of another log', acks: 'yes' }, 'cursor_invalid', 'cursor'],
    [{ cursor: 5 }, 'cursor_invalid', 'cursor'],
  ] as const) {
    const live = client(aldis.url, { token: ann.token, ...auth });
    const told = next<Problem>(live, 'request:error');
    await join(live);
    expect(await told).toMatchObject({ code, field });
    expect(live.messages.items.length).toBe(field === 'acks' ? 1 : 0);
    live.socket.close();
  }
  // Not read by the server at all.
  const labelled = client(aldis.url, { token: ann.token, cursor, device: 5 });
  await join(labelled);
  expect(labelled.messages.items.length).toBe(1);
  for (const { socket } of [first, labelled]) socket.close();
});

test('an expired token is refused; a socket that is open outlives its token', async () => {
  const short = await Aldis.start(['--memory', '--token-lifetime', '2s']);
  try {
    const ann = await short.person('ann');
    let { token } = ann;
    let live = client(short.url, { token });
    // A busy machine may take longer to connect than a token lives: then with a new one.
    await expect(async () => {
      live.socket.close();
      ({ token } = await short.login(ann.username));
      live = client(short.url, { token });
      await join(live);
    }).toPass();
    await expect(async () => {
      const { message } = await refusedConnect(client(short.url, { token }));
      expect(message).toBe('token_expired');
    }).toPass();
    expect(await say(live.socket, { receiver: ann.username, text: 'still here' })).toMatchObject({ seq: 1 });
    live.socket.close();
  } finally {
    await short.end();
  }
});

test('a session that ends has its sockets cut within a second', async () => {
  const ann = await aldis.person('ann');
  const phone = await aldis.login(ann.username, 'phone');
  const [first, second] = [client(aldis.url, ann), client(aldis.url, { token: phone.token })];
  await Promise.all([join(first), join(second)]);
  const cut = next<string>(second, 'disconnect');
  const refused = new Promise<Error>((done) => second.socket.once('connect_error', done));
  const started = performance.now();
  await aldis.call('POST', '/auth/logout', undefined, phone.token);
  expect(await cut).toBe('transport close');
  expect(performance.now() - started).toBeLessThan(1000);
  // The library tries again by itself, and learns why.
  expect((await refused).message).toBe('session_revoked');
  expect(first.socket.connected).toBe(true);
  first.socket.close();
  second.socket.close();
});

test('every refusal of a message has its code, and nothing is stored', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const { socket } = client(aldis.url, ann);
  socket.connect();
  const send = (message: object) => socket.emitWithAck('message', message as SendMessage);
  const first = answer(await send({ receiver: bob.username, text: 'first', clientId: 'c-1' }));
  const stranger = (await (
    await aldis.request('POST', '/api/messages', { receiver: eve.username, text: 'x' }, bob.token)
  ).json()) as Message;

  refusal(await send({ receiver: 'nobody-at-all', text: 'x' }), 404, 'receiver_unknown');
  refusal(await send({ receiver: 'not a name!', text: 'x' }), 404, 'receiver_unknown');
  refusal(await send({ sender: bob.username, receiver: bob.username, text: 'x' }), 403, 'sender_mismatch');
  refusal(await send({ receiver: bob.username, text: '' }), 422, 'text_empty');
  refusal(await send({ receiver: bob.username }), 422, 'text_empty');
  refusal(await send({ receiver: bob.username, text: 'x'.repeat(16 * 1024 + 1) }), 413, 'text_too_long');
  refusal(await send({ receiver: bob.username, text: 'other', clientId: 'c-1' }), 409, 'client_id_reused');
  refusal(await send({ receiver: eve.username, text: 'first', clientId: 'c-1' }), 409, 'client_id_reused');
  refusal(await send({ receiver: bob.username, text: 'x', replyTo: stranger.id }), 422, 'reply_unknown');
  refusal(await send({ conversationId: stranger.conversationId, text: 'x' }), 404, 'not_found');
  for (const [field, message] of [
    ['text', { receiver: bob.username, text: 5 }],
    ['receiver', { text: 'x' }],
    ['receiver', { receiver: bob.username, conversationId: first.conversationId, text: 'x' }],
    ['clientId', { receiver: bob.username, text: 'x', clientId: '' }],
    ['clientId', { receiver: bob.username, text: 'x', clientId: 'x'.repeat(65) }],
    ['conversationId', { conversationId: 'nonsense', text: 'x' }],
    ['replyTo', { receiver: bob.username, text: 'x', replyTo: 'nonsense' }],
  ] as const) {
    expect(refusal(await send(message), 422, 'invalid').field, JSON.stringify(message)).toBe(field);
  }
  for (const nonsense of ['text', 5, null, ['x']]) {
    refusal(await send(nonsense as unknown as object), 400, 'malformed');
  }
  // Binary parts, too, and the connection lives on.
  refusal(await send({ receiver: bob.username, text: Buffer.from('x') }), 400, 'malformed');
  refusal(await send(Buffer.alloc(1000)), 400, 'malformed');
  refusal(
    (await socket.emitWithAck('message:sing' as 'message', {} as SendMessage)) as Reply<unknown>,
    400,
    'event_unknown',
  );
  // Exactly at the limit it is taken, and nothing that was refused took a place.
  const longest = answer(await send({ receiver: bob.username, text: 'é'.repeat(8 * 1024) }));
  expect(longest.seq).toBe(2);
  socket.close();
});

test('a request without a callback that fails arrives as request:error', async () => {
  const live = client(aldis.url, await aldis.person('ann'));
  await join(live);
  const told = next<Problem>(live, 'request:error');
  (live.socket as unknown as { emit(name: string, payload: unknown): void }).emit('message', {
    receiver: 'nobody-at-all',
    text: 'x',
  });
  problem(await told, 404, 'receiver_unknown');
  live.socket.close();
});

test('the payload of the first demo is taken: with its capitals, and with the sender in it', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await Promise.all([join(a), join(b)]);
  const emit = (payload: unknown) =>
    (a.socket as unknown as { emit(name: string, payload: unknown): void }).emit('message', payload);
  emit({ Sender: ann.username, Receiver: bob.username, Text: 'capitals' });
  emit({ sender: ann.username, receiver: bob.username, text: 'small' });
  emit({ sender: ann.username.toUpperCase(), receiver: bob.username.toUpperCase(), text: 'loud' });
  const texts = (await b.messages.reaches(3)).map(({ sender, receiver, text }) => [sender, receiver, text]);
  expect(texts).toEqual(['capitals', 'small', 'loud'].map((text) => [ann.username, bob.username, text]));
  a.socket.close();
  b.socket.close();
});

test('the same clientId is stored once, whoever repeats it and however', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const [a, again, b] = [client(aldis.url, ann), client(aldis.url, ann), client(aldis.url, bob)];
  await Promise.all([join(a), join(again), join(b)]);
  const body = { receiver: bob.username, text: 'once', clientId: '01914d4e-7d1c-7c3a-9f2b-0123456789ab' };
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 ? a : again).socket.emitWithAck('message', body)),
  );
  const ids = new Set(replies.map((reply) => answer(reply).id));
  expect(ids.size).toBe(1);
  // Also once it has changed: it is known by what it said at first.
  const { id, conversationId } = answer(replies[0]!);
  answer(await a.socket.emitWithAck('message:edit', { conversationId, id, text: 'changed' }));
  expect(answer(await a.socket.emitWithAck('message', body))).toMatchObject({ id, text: 'changed' });
  refusal(await a.socket.emitWithAck('message', { ...body, text: 'changed' }), 409, 'client_id_reused');
  await say(a.socket, { receiver: bob.username, text: 'end' });
  expect((await b.messages.reaches(2)).map(({ text }) => text)).toEqual(['once', 'end']);
  for (const { socket } of [a, again, b]) socket.close();
});

test('messages are edited and deleted by their sender, and everybody is told', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await Promise.all([join(a), join(b)]);
  const { id, conversationId, seq } = await say(a.socket, { receiver: bob.username, text: 'helo' });
  const edited = next<Message>(b, 'message:updated');
  const after = answer(await a.socket.emitWithAck('message:edit', { conversationId, id, text: 'hello' }));
  expect(after).toMatchObject({ id, seq, text: 'hello', changeSeq: 2, editedAt: expect.any(String) });
  expect(await edited).toEqual(after);
  refusal(await b.socket.emitWithAck('message:edit', { conversationId, id, text: 'mine' }), 403, 'forbidden');
  refusal(await b.socket.emitWithAck('message:delete', { conversationId, id }), 403, 'forbidden');
  refusal(await a.socket.emitWithAck('message:edit', { conversationId, id, text: '' }), 422, 'text_empty');
  const missing = id.replace(/.$/, (last) => (last === '9' ? '8' : '9'));
  refusal(
    await a.socket.emitWithAck('message:edit', { conversationId, id: missing, text: 'x' }),
    404,
    'not_found',
  );

  const deleted = next<Message>(b, 'message:updated');
  expect(answer(await a.socket.emitWithAck('message:delete', { conversationId, id }))).toMatchObject({
    text: '',
    changeSeq: 3,
  });
  expect((await deleted).deletedAt).toBeDefined();
  refusal(
    await a.socket.emitWithAck('message:edit', { conversationId, id, text: 'x' }),
    409,
    'message_deleted',
  );
  for (const { socket } of [a, b]) socket.close();
});

test('receipts: cursors that only move forward, told to both sides', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
  await join(a);
  const told = new Set<string>();
  a.socket.on('receipt', ({ username, deliveredSeq, readSeq }) =>
    told.add(`${username} ${deliveredSeq} ${readSeq}`),
  );
  let conversationId = '';
  for (let count = 0; count < 3; count++)
    ({ conversationId } = await say(a.socket, { receiver: bob.username, text: 'x' }));
  await join(b);
  // Taken by the transport of a plain client.
  await expect.poll(() => [...told]).toContain(`${bob.username} 3 0`);
  const advance = async (cursors: object) =>
    answer(await b.socket.emitWithAck('receipt', { conversationId, ...cursors }));
  expect(await advance({ readSeq: 2 })).toEqual({ deliveredSeq: 3, readSeq: 2 });
  await expect.poll(() => [...told]).toContain(`${bob.username} 3 2`);
  expect(await advance({ readSeq: 1 })).toEqual({ deliveredSeq: 3, readSeq: 2 });
  expect(await advance({ readSeq: 999, deliveredSeq: 999 })).toEqual({ deliveredSeq: 3, readSeq: 3 });
  expect(await advance({})).toEqual({ deliveredSeq: 3, readSeq: 3 });
  const eve = client(aldis.url, await aldis.person('eve'));
  await join(eve);
  refusal(await eve.socket.emitWithAck('receipt', { conversationId, readSeq: 1 }), 404, 'not_found');
  refusal(await b.socket.emitWithAck('receipt', { conversationId, readSeq: -1 }), 422, 'invalid');
  for (const { socket } of [a, b, eve]) socket.close();
});

test('a note to oneself', async () => {
  const ann = await aldis.person('ann');
  const [one, other] = [client(aldis.url, ann), client(aldis.url, ann)];
  await Promise.all([join(one), join(other)]);
  const note = await say(one.socket, { receiver: ann.username, text: 'remember' });
  expect(note).toMatchObject({ sender: ann.username, receiver: ann.username });
  expect(await other.messages.reaches(1)).toEqual([note]);
  expect(one.messages.items).toEqual([]);
  one.socket.close();
  other.socket.close();
});
