import { expect, test } from '@playwright/test';

import type { Block, Page } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, PASSWORD, say, type Person } from '../../support/aldis.ts';
import { problem, refusal, refused } from '../../support/check.ts';
import { client, join } from '../../support/live.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

test('somebody is let in and answered while two others keep all long reads busy', async () => {
  const [ann, eve, max] = [await aldis.person('ann'), await aldis.person('eve'), await aldis.person('max')];
  for (const person of [eve, max]) {
    for (let n = 0; n < 50; n++) await aldis.group(`Group ${n}`, [person]);
  }
  const answers = new Map<number, number>();
  let over = false;
  const keepBusy = async ({ token }: Person) => {
    while (!over) {
      const response = await aldis.request('GET', '/api/conversations', undefined, token);
      answers.set(response.status, (answers.get(response.status) ?? 0) + 1);
      const body: unknown = await response.json();
      if (!response.ok) expect(problem(body as never, 429, 'rate_limited').retryAfter).toBe(1);
    }
  };
  const busy = [eve, max].flatMap((person) => Array.from({ length: 500 }, () => keepBusy(person)));
  try {
    // Only so many of a user wait; from here on all places are taken.
    await expect.poll(() => answers.get(429) ?? 0, { timeout: 30_000 }).toBeGreaterThan(0);
    const login = await aldis.request('POST', '/auth/login', { username: ann.username, password: PASSWORD });
    expect(login.status).toBe(200);
    const { token } = (await login.json()) as { token: string };
    const live = client(aldis.url, { token });
    await join(live);
    await say(live.socket, { receiver: eve.username, text: 'let me through' });
    const [conversation] = await aldis.conversations({ token });
    expect(conversation!.lastMessage!.text).toBe('let me through');
    live.socket.close();
    expect(over).toBe(false);
  } finally {
    over = true;
    await Promise.all(busy);
  }
  expect([...answers.keys()].sort()).toEqual([200, 429]);
});

test('a blocked person’s messages are passed over once: the mark moves', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const a = client(aldis.url, ann);
  await join(a);
  const { conversationId } = await say(a.socket, { receiver: bob.username, text: 'seen' });
  await aldis.call('PUT', `/api/blocks/${ann.username}`, undefined, bob.token);
  for (let n = 0; n < 5; n++) await say(a.socket, { conversationId, text: `hidden ${n}` });
  const delivered = async () => {
    const [conversation] = await aldis.conversations(bob);
    return conversation!.members.find(({ username }) => username === bob.username)!.deliveredSeq;
  };
  expect(await delivered()).toBe(0);
  for (const acks of [false, true]) {
    const b = client(aldis.url, { ...bob, acks });
    b.socket.on('message', (_message: unknown, done?: () => void) => done?.());
    await join(b);
    await expect.poll(delivered).toBe(acks ? 8 : 6);
    expect(b.messages.items.map(({ text }) => text)).toEqual(acks ? [] : ['seen']);
    b.socket.close();
    for (let n = 0; n < 2; n++) await say(a.socket, { conversationId, text: 'hidden, too' });
  }
  expect((await aldis.messages(bob, conversationId)).map(({ text }) => text)).toEqual(['seen']);
  expect(await aldis.messages(ann, conversationId)).toHaveLength(10);
  // With a cursor, too: everything up to now has been had.
  const page = await aldis.request('GET', '/api/sync', undefined, bob.token);
  const { cursor } = (await page.json()) as { cursor: string };
  await say(a.socket, { conversationId, text: 'hidden again' });
  const later = await aldis.call<{ events: unknown[]; cursor: string; more: boolean }>(
    'GET',
    `/api/sync?cursor=${cursor}`,
    undefined,
    bob.token,
  );
  expect(later).toMatchObject({ events: [], more: false });
  expect(later.cursor).not.toBe(cursor);
  a.socket.close();
});

test('who was a member is mentioned, and a text full of marks costs nothing', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const { id: conversationId } = await aldis.group('Crew', [ann, bob]);
  const a = client(aldis.url, ann);
  await join(a);
  const sent = await say(a.socket, {
    conversationId,
    text: `@${bob.username.toUpperCase()} and @${eve.username}.`,
  });
  expect(sent.mentions).toEqual([bob.username]);
  for (const text of [
    `@${'.'.repeat(16_383)}`,
    '@'.repeat(16_384),
    '@.'.repeat(8_192),
    '@n\u0301'.repeat(4_096),
  ]) {
    expect((await say(a.socket, { conversationId, text })).mentions).toBeUndefined();
  }
  await aldis.call('PUT', `/api/conversations/${conversationId}/members/${eve.username}`, {}, ann.token);
  await aldis.call(
    'DELETE',
    `/api/conversations/${conversationId}/members/${bob.username}`,
    undefined,
    ann.token,
  );
  const [first] = await aldis.messages(ann, conversationId);
  expect(first!.mentions).toEqual([bob.username]);
  const edited = answer(
    await a.socket.emitWithAck('message:edit', {
      conversationId,
      id: sent.id,
      text: `@${bob.username} @${eve.username}`,
    }),
  );
  expect(edited.mentions).toEqual([eve.username]);
  a.socket.close();
});

test('watching people costs by their number, blocks come in pages', async () => {
  const small = await Aldis.start(['--memory', '--message-burst', '10', '--messages-per-second', '1']);
  try {
    const [ann, bob] = [await small.person('ann'), await small.person('bob')];
    const block = await small.call<Block>('PUT', `/api/blocks/${bob.username}`, undefined, ann.token);
    expect(await small.call<Page<Block>>('GET', '/api/blocks', undefined, ann.token)).toEqual({
      items: [block],
    });
    await refused(small.request('GET', '/api/blocks?next=x', undefined, ann.token), 400, 'cursor_invalid');
    const b = client(small.url, bob);
    await join(b);
    const usernames = Array.from({ length: 1_000 }, (_, n) => `somebody-${n}`);
    expect(answer(await b.socket.emitWithAck('presence:watch', { usernames }))).toEqual([]);
    const limited = refusal(await b.socket.emitWithAck('presence:watch', { usernames }), 429, 'rate_limited');
    expect(limited.retryAfter).toBeGreaterThan(5);
    refusal(
      await b.socket.emitWithAck('message', { receiver: ann.username, text: 'hi' }),
      429,
      'rate_limited',
    );
    b.socket.close();
  } finally {
    await small.end();
  }
});
