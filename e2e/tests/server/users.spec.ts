import { expect, test } from '@playwright/test';

import type { ChangeMe, Conversation, Page, User } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, PASSWORD, say, type Person } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { client, join } from '../../support/live.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

const path = (query: string, next?: string) =>
  `/api/users?${new URLSearchParams({ query, ...(next === undefined ? {} : { next }) }).toString()}`;
const find = ({ token }: Person, query: string, next?: string) => aldis.call<Page<User>>('GET', path(query, next), undefined, token);
const change = ({ token }: Person, body: ChangeMe) => aldis.call<User>('PATCH', '/api/users/me', body, token);

test('one changes one’s name and what others see of one, and what is left out stays', async () => {
  const ann = await aldis.person('ann', 'Ann');
  const me = () => aldis.call<User>('GET', '/api/users/me', undefined, ann.token);
  expect(ann.user.hidePresence).toBe(false);
  expect(await me()).toEqual({ username: ann.username, displayName: 'Ann', createdAt: ann.user.createdAt, hidePresence: false });
  expect(await change(ann, { displayName: ' Ann Lee ' })).toMatchObject({ displayName: 'Ann Lee', hidePresence: false });
  expect(await change(ann, { hidePresence: true })).toMatchObject({ displayName: 'Ann Lee', hidePresence: true });
  expect(await change(ann, {})).toEqual(await me());
  expect(await change(ann, { displayName: 'é'.repeat(64), hidePresence: false })).toEqual(await me());
  expect((await me()).hidePresence).toBe(false);
  const patch = (body: unknown, token?: string) => aldis.request('PATCH', '/api/users/me', body, token);
  for (const displayName of ['', '  ', 'x'.repeat(65), 'a\nb', 5]) {
    expect((await refused(patch({ displayName }, ann.token), 422, 'invalid')).field).toBe('displayName');
  }
  expect((await refused(patch({ hidePresence: 'yes' }, ann.token), 422, 'invalid')).field).toBe('hidePresence');
  await refused(patch({}), 401, 'token_required');
  // Nothing of that is for others.
  const bob = await aldis.person('bob');
  const seen = await aldis.call<User>('GET', `/api/users/${ann.username}`, undefined, bob.token);
  expect(Object.keys(seen).sort()).toEqual(['createdAt', 'displayName', 'username']);
});

test('a new name shows in conversations', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const a = client(aldis.url, ann);
  await join(a);
  const { conversationId } = await say(a.socket, { receiver: bob.username, text: 'hi' });
  const name = ({ members }: Conversation) => members.find(({ username }) => username === ann.username)!.displayName;
  const get = () => aldis.call<Conversation>('GET', `/api/conversations/${conversationId}`, undefined, bob.token);
  expect(name(await get())).toBe('ann');
  await change(ann, { displayName: 'Ann Lee' });
  expect(name(await get())).toBe('Ann Lee');
  expect(name((await aldis.conversations(bob))[0]!)).toBe('Ann Lee');
  const again = await aldis.login(ann.username);
  expect(again.user.displayName).toBe('Ann Lee');
  a.socket.close();
});

test('people are found by the beginning of a name, by their username first', async () => {
  const unique = `q${process.pid}`;
  const caller = await aldis.person('caller');
  const byName = await aldis.person('zoe', `${unique} ÉMILE`);
  const byUsername = await aldis.person(`${unique}-ann`, 'Ann');
  const unverified = `${unique}-nobody`;
  await aldis.call('POST', '/auth/register', { username: unverified, password: PASSWORD, email: 'n@example.org' });
  const found = async (query: string) => (await find(caller, query)).items.map(({ username }) => username);
  for (const query of [unique, unique.toUpperCase(), ` ${unique} `]) {
    expect(await found(query)).toEqual([byUsername.username, byName.username]);
  }
  expect(await found(`${unique} émi`)).toEqual([byName.username]);
  expect(await found(`${unique}-`)).toEqual([byUsername.username]);
  expect(await found(unverified)).toEqual([]);
  for (const query of ['émile', '%%', '__', `${unique}%`]) expect(await found(query)).toEqual([]);
  await change(byName, { displayName: 'Somebody else' });
  expect(await found(unique)).toEqual([byUsername.username]);
  const { items } = await find(caller, unique);
  expect(Object.keys(items[0]!).sort()).toEqual(['createdAt', 'displayName', 'username']);
});

test('who was found comes in pages', async () => {
  const unique = `p${process.pid}`;
  const expected: string[] = [];
  const registered = Array.from({ length: 45 }, (_, n) => (n < 23 ? [`${unique}-${10 + n}`, 'x'] : [`z${unique}-${10 + n}`, `${unique.toUpperCase()} ${10 + n}`]));
  for (const [username, displayName] of registered as [string, string][]) {
    await aldis.call('POST', '/auth/register', { username, password: PASSWORD, displayName });
    await aldis.call('POST', '/auth/verify', { username, otp: '123456' });
    expected.push(username);
  }
  const caller = await aldis.person('caller');
  const pages: string[][] = [];
  for (let next: string | undefined; pages.length === 0 || next !== undefined; ) {
    const page = await find(caller, unique, next);
    pages.push(page.items.map(({ username }) => username));
    next = page.next;
  }
  expect(pages.map(({ length }) => length)).toEqual([20, 20, 5]);
  expect(pages.flat()).toEqual(expected);
});

test('a search that cannot be answered is refused', async () => {
  const ann = await aldis.person('ann');
  const get = (path: string, token?: string) => aldis.request('GET', path, undefined, token);
  for (const query of ['', 'a', ' a ', '🙂']) {
    expect((await refused(get(path(query), ann.token), 422, 'invalid')).field).toBe('query');
  }
  expect((await refused(get('/api/users', ann.token), 422, 'invalid')).field).toBe('query');
  await refused(get(path('ann', 'nonsense'), ann.token), 400, 'cursor_invalid');
  await refused(get(path('ann')), 401, 'token_required');
});
