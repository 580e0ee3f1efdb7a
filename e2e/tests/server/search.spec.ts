import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

import type { Conversation, Hit, Message, Page } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, type Person } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

const send = (from: Person, to: Person, text: string) =>
  aldis.call<Message>('POST', '/api/messages', { receiver: to.username, text }, from.token);
const say = (from: Person, { id }: Conversation, text: string) =>
  aldis.call<Message>('POST', `/api/conversations/${id}/messages`, { text }, from.token);

const path = (query: Record<string, string>) => `/api/search?${new URLSearchParams(query)}`;
const search = (who: Person, q: string, more: Record<string, string> = {}) =>
  aldis.call<Page<Hit>>('GET', path({ q, ...more }), undefined, who.token);
const texts = ({ items }: Page<Hit>) => items.map(({ message }) => message.text);

/** Waits until somebody finds exactly this: the index follows the log a moment later. */
const finds = (who: Person, q: string, expected: string[], conversationId?: string) =>
  expect
    .poll(async () => texts(await search(who, q, conversationId ? { conversationId } : {})))
    .toEqual(expected);

test('everywhere and in a conversation, for its members alone', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const first = await send(ann, bob, 'Crème brûlée tonight?');
  await send(eve, bob, 'No creme, thanks');
  await finds(bob, 'creme', ['No creme, thanks', 'Crème brûlée tonight?']);
  await finds(bob, 'CRÈ', ['Crème brûlée tonight?'], first.conversationId);
  await finds(ann, 'creme', ['Crème brûlée tonight?']);
  await finds(ann, 'creme ton', ['Crème brûlée tonight?']);
  await finds(ann, 'crem tonight', []);
  const { items } = await search(ann, 'creme');
  expect(items).toEqual([{ message: first, fragment: '<mark>Crème</mark> brûlée tonight?' }]);
  await refused(
    aldis.request('GET', path({ q: 'creme', conversationId: first.conversationId }), undefined, eve.token),
    404,
    'not_found',
  );
  await refused(aldis.request('GET', path({ q: 'creme' })), 401, 'token_required');
});

test('narrowed to a person and a time', async () => {
  const [ann, bob] = [await aldis.person('Ann'), await aldis.person('bob')];
  await send(ann, bob, 'tide one');
  const second = await send(bob, ann, 'tide two');
  await finds(ann, 'tide', ['tide two', 'tide one']);
  const narrowed = async (more: Record<string, string>) => texts(await search(ann, 'tide', more));
  expect(await narrowed({ from: ann.username.toUpperCase() })).toEqual(['tide one']);
  expect(await narrowed({ from: 'nobody-of-this-name' })).toEqual([]);
  expect(await narrowed({ after: second.timestamp })).toEqual(['tide two']);
  expect(await narrowed({ before: second.timestamp })).toEqual(['tide one']);
  await refused(
    aldis.request('GET', path({ q: 'tide', before: 'yesterday' }), undefined, ann.token),
    422,
    'invalid',
  );
});

test('whatever is typed is words, or refused', async () => {
  const ann = await aldis.person('ann');
  const other = await aldis.person('bob');
  await send(ann, other, 'she said "NEAR" AND left');
  await finds(ann, '"near', ['she said "NEAR" AND left']);
  for (const q of ['near(', 'said AND left', '-left', 'left*', 'text:left OR', '^left']) {
    expect((await aldis.request('GET', path({ q }), undefined, ann.token)).status, q).toBe(200);
  }
  for (const q of ['', ' ', '"*', '🎉', 'x'.repeat(201)]) {
    const problem = await refused(aldis.request('GET', path({ q }), undefined, ann.token), 422, 'invalid');
    expect(problem.field).toBe('q');
  }
  expect(
    (await refused(aldis.request('GET', '/api/search', undefined, ann.token), 422, 'invalid')).field,
  ).toBe('q');
  await refused(
    aldis.request('GET', path({ q: 'x', next: 'elsewhere' }), undefined, ann.token),
    400,
    'cursor_invalid',
  );
});

test('what is written as HTML is shown as it was written', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const text = '<img src=x onerror="alert(1)"> & <mark>it\'s</mark>';
  await send(ann, bob, text);
  await finds(bob, 'alert', [text]);
  const [hit] = (await search(bob, 'img mark')).items;
  expect(hit!.fragment).toBe(
    '&lt;<mark>img</mark> src=x onerror=&quot;alert(1)&quot;&gt; &amp; &lt;<mark>mark</mark>&gt;it&#39;s&lt;/<mark>mark</mark>&gt;',
  );
});

test('edited and deleted messages are found as they are now', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const message = await send(ann, bob, 'one apple');
  const at = `/api/conversations/${message.conversationId}/messages/${message.id}`;
  await finds(bob, 'apple', ['one apple']);
  await aldis.call('PATCH', at, { text: 'two pears' }, ann.token);
  await finds(bob, 'pears', ['two pears']);
  await finds(bob, 'apple', []);
  await aldis.call('DELETE', at, undefined, ann.token);
  // At once, whether or not the index knows.
  expect(texts(await search(bob, 'pears'))).toEqual([]);
});

test('who left a group or came late finds what they may see', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const group = await aldis.call<Conversation>(
    'POST',
    '/api/conversations',
    { title: 'Crew', members: [bob.username] },
    ann.token,
  );
  await say(ann, group, 'plan one');
  await aldis.call('PUT', `/api/conversations/${group.id}/members/${eve.username}`, undefined, ann.token);
  await say(bob, group, 'plan two');
  await finds(ann, 'plan', ['plan two', 'plan one']);
  await finds(eve, 'plan', ['plan two']);
  await aldis.call('DELETE', `/api/conversations/${group.id}/members/${bob.username}`, undefined, ann.token);
  expect(texts(await search(bob, 'plan'))).toEqual([]);
  await refused(
    aldis.request('GET', path({ q: 'plan', conversationId: group.id }), undefined, bob.token),
    404,
    'not_found',
  );
});

test('what a block hides is not found by who blocked', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  await send(ann, bob, 'before the block');
  await aldis.call('PUT', `/api/blocks/${ann.username}`, undefined, bob.token);
  await send(ann, bob, 'after the block');
  await finds(ann, 'block', ['after the block', 'before the block']);
  expect(texts(await search(bob, 'block'))).toEqual(['before the block']);
});

test('pages, also after the server was killed and the index lost', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  for (let n = 1; n <= 45; n++) await send(ann, bob, `number ${n}`);
  const expected = Array.from({ length: 45 }, (_, n) => `number ${45 - n}`);
  const pages = async () => {
    const sizes: number[] = [];
    const found: string[] = [];
    for (let next: string | undefined = ''; next !== undefined;) {
      const page: Page<Hit> = await search(bob, 'numb', next ? { next } : {});
      sizes.push(page.items.length);
      found.push(...texts(page));
      next = page.next;
    }
    return { sizes, found };
  };
  await expect.poll(pages).toEqual({ sizes: [20, 20, 5], found: expected });

  await send(ann, bob, 'a last word');
  await aldis.kill();
  await aldis.restart();
  await finds(bob, 'last wor', ['a last word']);

  await send(ann, bob, 'one more word');
  await aldis.kill();
  for (const end of ['', '-wal', '-shm']) await rm(join(aldis.data, `search.db${end}`), { force: true });
  await aldis.restart();
  await finds(bob, 'word', ['one more word', 'a last word']);
  await expect.poll(pages).toEqual({ sizes: [20, 20, 5], found: expected });
});
