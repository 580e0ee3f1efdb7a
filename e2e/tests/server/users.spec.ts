import { expect, test } from '@playwright/test';

import type {
  Block,
  ChangeMe,
  Conversation,
  Message,
  Page,
  Presence,
  Typing,
  User,
} from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, PASSWORD, say, type Person } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { client, join, next } from '../../support/live.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

const path = (query: string, next?: string) =>
  `/api/users?${new URLSearchParams({ query, ...(next === undefined ? {} : { next }) }).toString()}`;
const find = ({ token }: Person, query: string, next?: string) =>
  aldis.call<Page<User>>('GET', path(query, next), undefined, token);
const change = ({ token }: Person, body: ChangeMe) => aldis.call<User>('PATCH', '/api/users/me', body, token);

test('one changes one’s name and what others see of one, and what is left out stays', async () => {
  const ann = await aldis.person('ann', 'Ann');
  const me = () => aldis.call<User>('GET', '/api/users/me', undefined, ann.token);
  expect(ann.user.hidePresence).toBe(false);
  expect(await me()).toEqual({
    username: ann.username,
    displayName: 'Ann',
    createdAt: ann.user.createdAt,
    hidePresence: false,
    addMe: 'everybody',
    role: 'member',
  });
  expect(await change(ann, { displayName: ' Ann Lee ' })).toMatchObject({
    displayName: 'Ann Lee',
    hidePresence: false,
  });
  expect(await change(ann, { hidePresence: true })).toMatchObject({
    displayName: 'Ann Lee',
    hidePresence: true,
  });
  expect(await change(ann, {})).toEqual(await me());
  expect(await change(ann, { displayName: 'é'.repeat(64), hidePresence: false })).toEqual(await me());
  expect((await me()).hidePresence).toBe(false);
  const patch = (body: unknown, token?: string) => aldis.request('PATCH', '/api/users/me', body, token);
  for (const displayName of ['', '  ', 'x'.repeat(65), 'a\nb', 5]) {
    expect((await refused(patch({ displayName }, ann.token), 422, 'invalid')).field).toBe('displayName');
  }
  expect((await refused(patch({ hidePresence: 'yes' }, ann.token), 422, 'invalid')).field).toBe(
    'hidePresence',
  );
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
  const name = ({ members }: Conversation) =>
    members.find(({ username }) => username === ann.username)!.displayName;
  const get = () =>
    aldis.call<Conversation>('GET', `/api/conversations/${conversationId}`, undefined, bob.token);
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
  await aldis.call('POST', '/auth/register', {
    username: unverified,
    password: PASSWORD,
    email: 'n@example.org',
  });
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
  const registered = Array.from({ length: 45 }, (_, n) =>
    n < 23 ? [`${unique}-${10 + n}`, 'x'] : [`z${unique}-${10 + n}`, `${unique.toUpperCase()} ${10 + n}`],
  );
  for (const [username, displayName] of registered as [string, string][]) {
    await aldis.call('POST', '/auth/register', { username, password: PASSWORD, displayName });
    await aldis.call('POST', '/auth/verify', { username, otp: '123456' });
    expected.push(username);
  }
  const caller = await aldis.person('caller');
  const pages: string[][] = [];
  for (let next: string | undefined; pages.length === 0 || next !== undefined;) {
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

test('a username in any case is the same person, and is answered as it was registered', async () => {
  const [ann, bob, eve] = [await aldis.person('Ann'), await aldis.person('bOB'), await aldis.person('eve')];
  expect([ann, bob, eve].map(({ username }) => username === username.toLowerCase())).toEqual([
    false,
    false,
    false,
  ]);
  const [loud, quiet] = [(name: string) => name.toUpperCase(), (name: string) => name.toLowerCase()];

  // Logging in, and the account behind it.
  const again = await aldis.login(quiet(ann.username));
  expect(again.user).toEqual(ann.user);
  const claims = JSON.parse(Buffer.from(again.token.split('.')[1]!, 'base64url').toString()) as object;
  expect(claims).toMatchObject({ sub: ann.username, username: ann.username });
  const taken = { username: loud(ann.username), password: PASSWORD };
  await refused(aldis.request('POST', '/auth/register', taken), 409, 'username_taken');
  for (const name of [loud(bob.username), quiet(bob.username), bob.username]) {
    expect((await aldis.call<User>('GET', `/api/users/${name}`, undefined, ann.token)).username).toBe(
      bob.username,
    );
  }

  // Messages: to whom, and from whom.
  const [a, b, e] = [client(aldis.url, again), client(aldis.url, bob), client(aldis.url, eve)];
  for (const live of [a, b, e]) await join(live);
  const heard = next<Message>(b, 'message');
  const sent = await say(a.socket, { receiver: quiet(bob.username), sender: loud(ann.username), text: 'hi' });
  expect(sent).toMatchObject({ sender: ann.username, receiver: bob.username });
  expect(await heard).toEqual(sent);
  const { conversationId } = sent;
  const other = await say(a.socket, { receiver: loud(bob.username), text: 'once more' });
  expect(other.conversationId).toBe(conversationId);

  // Typing, presence, receipts.
  const typing = next<Typing>(b, 'typing');
  answer(await a.socket.emitWithAck('typing', { receiver: loud(bob.username), typing: true }));
  expect(await typing).toEqual({ conversationId, username: ann.username, typing: true });
  const usernames = [quiet(bob.username), loud(bob.username)];
  const watched = answer(await a.socket.emitWithAck('presence:watch', { usernames }));
  const here: Presence = { username: bob.username, online: true };
  expect(watched.every((one) => JSON.stringify(one) === JSON.stringify(here))).toBe(true);
  expect(watched.length).toBeGreaterThan(0);
  const receipt = next<{ username: string }>(a, 'receipt');
  answer(await b.socket.emitWithAck('receipt', { conversationId, deliveredSeq: 1, readSeq: 1 }));
  expect((await receipt).username).toBe(bob.username);

  // Groups: somebody who is named twice is there once; mentions, roles and leaving.
  const members = [loud(bob.username), quiet(bob.username), quiet(ann.username)];
  const group = await aldis.call<Conversation>(
    'POST',
    '/api/conversations',
    { title: 'Crew', members },
    ann.token,
  );
  expect(group.members.map(({ username }) => username).sort()).toEqual([ann.username, bob.username].sort());
  const put = (name: string, body: object) =>
    aldis.call<Conversation>('PUT', `/api/conversations/${group.id}/members/${name}`, body, ann.token);
  const roles = ({ members }: Conversation) =>
    Object.fromEntries(members.map(({ username, role }) => [username, role]));
  expect(roles(await put(loud(eve.username), {}))).toEqual({
    [ann.username]: 'owner',
    [bob.username]: 'member',
    [eve.username]: 'member',
  });
  expect(roles(await put(quiet(bob.username), { role: 'admin' }))).toMatchObject({ [bob.username]: 'admin' });
  const text = `@${quiet(bob.username)}, @${loud(bob.username)} and @${loud(eve.username)}: aye`;
  expect((await say(a.socket, { conversationId: group.id, text })).mentions).toEqual([
    bob.username,
    eve.username,
  ]);
  const path = `/api/conversations/${group.id}/members/${loud(eve.username)}`;
  const { members: left } = await aldis.call<Conversation>('DELETE', path, undefined, ann.token);
  expect(left.map(({ username }) => username)).not.toContain(eve.username);
  const own = `/api/conversations/${group.id}/members/${quiet(bob.username)}`;
  expect((await aldis.request('DELETE', own, undefined, bob.token)).ok).toBe(true);
  await refused(
    aldis.request('GET', `/api/conversations/${group.id}`, undefined, bob.token),
    404,
    'not_found',
  );

  // Blocks.
  const block = (method: string, name: string) =>
    aldis.request(method, `/api/blocks/${name}`, undefined, bob.token);
  expect((await (await block('PUT', loud(ann.username))).json()) as Block).toMatchObject({
    username: ann.username,
  });
  expect((await (await block('PUT', quiet(ann.username))).json()) as Block).toMatchObject({
    username: ann.username,
  });
  expect((await aldis.call<Page<Block>>('GET', '/api/blocks', undefined, bob.token)).items).toHaveLength(1);
  expect((await block('GET', quiet(ann.username))).status).toBe(200);
  expect((await refused(block('PUT', loud(bob.username)), 422, 'invalid')).field).toBe('username');
  expect((await block('DELETE', loud(ann.username))).status).toBe(204);
  expect((await aldis.call<Page<Block>>('GET', '/api/blocks', undefined, bob.token)).items).toEqual([]);
  for (const { socket } of [a, b, e]) socket.close();
});
