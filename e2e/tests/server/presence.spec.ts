import { expect, test } from '@playwright/test';

import type {
  Conversation,
  Presence,
  SetTyping,
  Typing,
  User,
  WatchPresence,
} from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, say, type Person } from '../../support/aldis.ts';
import { refusal } from '../../support/check.ts';
import { client, join, type Client } from '../../support/live.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

async function people<const Names extends readonly string[]>(...names: Names) {
  const people: Person[] = [];
  for (const name of names) people.push(await aldis.person(name));
  return people as { [Name in keyof Names]: Person };
}

async function online({ token }: Person): Promise<Client> {
  const live = client(aldis.url, { token });
  await join(live);
  return live;
}

function leave(...all: Client[]): void {
  for (const { socket } of all) socket.close();
}

const of = <T>({ events }: Client, name: string) =>
  events.items.filter(([event]) => event === name).map(([, payload]) => payload as T);
const typing = (live: Client) => of<Typing>(live, 'typing').map(({ username, typing }) => [username, typing]);
const presence = (live: Client) => of<Presence>(live, 'presence');

/** Waits until a socket was told of so many people who came or went. */
async function told(live: Client, count: number): Promise<Presence[]> {
  await live.events.until(() => presence(live).length >= count);
  return presence(live);
}

/** Whatever the server emitted to a socket before has arrived. */
async function settled(...all: Client[]): Promise<void> {
  for (const { socket } of all) answer(await socket.emitWithAck('sync', {}));
}

const set = ({ socket }: Client, request: SetTyping) => socket.emitWithAck('typing', request);
const watch = async ({ socket }: Client, ...people: { username: string }[]) =>
  answer(await socket.emitWithAck('presence:watch', { usernames: people.map(({ username }) => username) }));
const hide = (person: Person, hidePresence: boolean) =>
  aldis.call<User>('PATCH', '/api/users/me', { hidePresence }, person.token);
const group = (owner: Person, ...members: Person[]) =>
  aldis.call<Conversation>(
    'POST',
    '/api/conversations',
    { title: 'Crew', members: members.map(({ username }) => username) },
    owner.token,
  );
const away = ({ username }: Person) => ({ username, online: false });
const here = ({ username }: Person) => ({ username, online: true });
const wasHere = ({ username }: Person) => ({
  username,
  online: false,
  lastSeen: expect.stringMatching(/^\d{4}-.*Z$/) as unknown as string,
});

test('typing is told to every device of the others, and to none of one’s own', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, own, b, phone, e] = [
    await online(ann),
    await online(ann),
    await online(bob),
    await online(bob),
    await online(eve),
  ];
  const { conversationId } = await say(a.socket, { receiver: bob.username, text: 'hi' });
  expect(answer(await set(a, { conversationId, typing: true }))).toEqual({});
  expect(answer(await set(a, { receiver: bob.username.toUpperCase(), typing: false }))).toEqual({});
  await settled(a, own, b, phone, e);
  for (const live of [b, phone]) {
    expect(of(live, 'typing')).toEqual(
      [true, false].map((typing) => ({ conversationId, username: ann.username, typing })),
    );
  }
  for (const live of [a, own, e]) expect(typing(live)).toEqual([]);

  const { id } = await group(ann, bob, eve);
  expect(answer(await set(e, { conversationId: id, typing: true }))).toEqual({});
  await settled(a, b, e);
  expect(typing(a)).toEqual([[eve.username, true]]);
  expect(typing(b).at(-1)).toEqual([eve.username, true]);
  expect(typing(e)).toEqual([]);
  // Nothing of it is kept.
  const later = await online(bob);
  expect(typing(later)).toEqual([]);
  leave(a, own, b, phone, e, later);
});

test('typing leads nowhere without a conversation, a receiver, or leave', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, b, e] = [await online(ann), await online(bob), await online(eve)];
  // They have no conversation yet.
  expect(answer(await set(a, { receiver: bob.username, typing: true }))).toEqual({});
  const { conversationId } = await say(a.socket, { receiver: bob.username, text: 'hi' });
  refusal(await set(e, { conversationId, typing: true }), 404, 'not_found');
  refusal(await set(a, { receiver: 'nobody-at-all', typing: true }), 404, 'receiver_unknown');
  refusal(await set(a, { typing: true }), 422, 'invalid');
  refusal(await set(a, { conversationId, receiver: bob.username, typing: true }), 422, 'invalid');
  expect(refusal(await set(a, { conversationId } as SetTyping), 422, 'invalid').field).toBe('typing');
  await aldis.call('PUT', `/api/blocks/${ann.username}`, undefined, bob.token);
  expect(answer(await set(a, { conversationId, typing: true }))).toEqual({});
  expect(answer(await set(a, { receiver: bob.username, typing: false }))).toEqual({});
  await settled(b);
  expect(typing(b)).toEqual([]);
  leave(a, b, e);
});

test('a socket’s typing is told only so often, and its end always', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [a, b] = [await online(ann), await online(bob)];
  await say(a.socket, { receiver: bob.username, text: 'hi' });
  const begun = performance.now();
  const sets = Array.from({ length: 20 }, () => set(a, { receiver: bob.username, typing: true }));
  sets.push(set(a, { receiver: bob.username, typing: false }));
  for (const reply of await Promise.all(sets)) answer(reply);
  const took = performance.now() - begun;
  await settled(b);
  const seen = typing(b).map(([, typing]) => typing);
  expect(seen.at(0)).toBe(true);
  expect(seen.at(-1)).toBe(false);
  // One begins it, and one more for each quarter of a second that a busy machine takes.
  expect(seen.length).toBeLessThanOrEqual(2 + Math.ceil(took / 250));
  leave(a, b);
});

test('who comes and goes is told to who watches, and when they were last there is kept', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const a = await online(ann);
  await say(a.socket, { receiver: bob.username, text: 'hi' });
  expect(
    await watch(a, { username: 'nobody-at-all' }, bob, eve, { username: ann.username.toUpperCase() }),
  ).toEqual([away(bob), away(eve), here(ann)]);
  const b = await online(bob);
  expect(await told(a, 1)).toEqual([here(bob)]);
  // Who has another device has not gone.
  const phone = await online(bob);
  b.socket.close();
  expect(await watch(a, bob)).toEqual([here(bob)]);
  const left = Date.now();
  phone.socket.close();
  const events = await told(a, 2);
  expect(events).toEqual([here(bob), wasHere(bob)]);
  const lastSeen = Date.parse(events[1]!.lastSeen!);
  expect(Math.abs(lastSeen - left)).toBeLessThan(5000);
  expect(Date.now() - lastSeen).toBeGreaterThanOrEqual(2000);
  expect(await watch(a, bob)).toEqual([events[1]]);
  a.socket.close();
});

test('who is back at once never went', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const a = await online(ann);
  await say(a.socket, { receiver: bob.username, text: 'hi' });
  let b = await online(bob);
  await watch(a, bob);
  let longest = 0;
  for (let reloads = 0; reloads < 5; reloads++) {
    const closed = performance.now();
    b.socket.close();
    b = await online(bob);
    longest = Math.max(longest, performance.now() - closed);
  }
  b.socket.close();
  const events = await told(a, 1);
  // Unless the machine was too busy to be back in time.
  if (longest < 2000) expect(events).toEqual([wasHere(bob)]);
  a.socket.close();
});

test('a socket watches what it asked for last', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, other] = [await online(ann), await online(ann)];
  for (const { username } of [bob, eve]) await say(a.socket, { receiver: username, text: 'hi' });
  await watch(a, bob);
  await watch(a, eve);
  await watch(other, bob, eve);
  const b = await online(bob);
  expect(await told(other, 1)).toEqual([here(bob)]);
  const e = await online(eve);
  expect(await told(a, 1)).toEqual([here(eve)]);
  expect(await watch(a)).toEqual([]);
  const request: WatchPresence = { usernames: Array.from({ length: 1001 }, () => bob.username) };
  expect(refusal(await a.socket.emitWithAck('presence:watch', request), 422, 'invalid').field).toBe(
    'usernames',
  );
  expect(
    refusal(await a.socket.emitWithAck('presence:watch', {} as WatchPresence), 422, 'invalid').field,
  ).toBe('usernames');
  leave(b, e);
  expect((await told(other, 4)).slice(2)).toEqual(expect.arrayContaining([wasHere(bob), wasHere(eve)]));
  await settled(a);
  expect(presence(a)).toEqual([here(eve)]);
  leave(a, other);
});

test('strangers are seen by nobody, members of a group by each other until they leave it', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, b, e] = [await online(ann), await online(bob), await online(eve)];
  const { id } = await group(ann, bob);
  expect(await watch(a, bob, eve)).toEqual([here(bob), away(eve)]);
  expect(await watch(e, ann, bob)).toEqual([away(ann), away(bob)]);
  await aldis.call('PUT', `/api/conversations/${id}/members/${eve.username}`, undefined, ann.token);
  expect(await told(a, 1)).toEqual([here(eve)]);
  expect(await told(e, 2)).toEqual(expect.arrayContaining([here(ann), here(bob)]));
  await aldis.call('DELETE', `/api/conversations/${id}`, undefined, eve.token);
  expect((await told(e, 4)).slice(2)).toEqual(expect.arrayContaining([away(ann), away(bob)]));
  expect(await told(a, 2)).toEqual([here(eve), away(eve)]);
  b.socket.close();
  expect((await told(a, 3)).at(2)).toEqual(wasHere(bob));
  await settled(e);
  expect(presence(e).length).toBe(4);
  leave(a, e);
});

test('who hides it is not seen, and does not see', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, b, e] = [await online(ann), await online(bob), await online(eve)];
  const all = await group(ann, bob, eve);
  expect(all.members.length).toBe(3);
  await watch(a, bob, eve);
  await watch(b, ann, eve);
  expect((await hide(bob, true)).hidePresence).toBe(true);
  expect(await told(a, 1)).toEqual([away(bob)]);
  expect(await told(b, 2)).toEqual(expect.arrayContaining([away(ann), away(eve)]));
  expect(await watch(a, bob, eve)).toEqual([away(bob), here(eve)]);
  expect(await watch(b, ann, eve)).toEqual([away(ann), away(eve)]);
  b.socket.close();
  // Also over a while: she goes after him, and is told of.
  e.socket.close();
  expect((await told(a, 2)).at(1)).toEqual(wasHere(eve));
  const back = await online(bob);
  expect(await watch(back, ann, eve)).toEqual([away(ann), away(eve)]);
  expect((await hide(bob, false)).hidePresence).toBe(false);
  expect((await told(a, 3)).slice(2)).toEqual([here(bob)]);
  expect(await told(back, 1)).toEqual([here(ann)]);
  expect(await watch(back, ann, eve)).toEqual([here(ann), wasHere(eve)]);
  leave(a, back);
});

test('who is blocked does not see who blocked them', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, b, e] = [await online(ann), await online(bob), await online(eve)];
  await group(ann, bob, eve);
  expect(await watch(a, bob, eve)).toEqual([here(bob), here(eve)]);
  expect(await watch(b, ann)).toEqual([here(ann)]);
  await aldis.call('PUT', `/api/blocks/${ann.username}`, undefined, bob.token);
  expect(await told(a, 1)).toEqual([away(bob)]);
  expect(await watch(a, bob, eve)).toEqual([away(bob), here(eve)]);
  expect(await watch(b, ann)).toEqual([here(ann)]);
  b.socket.close();
  e.socket.close();
  expect((await told(a, 2)).at(1)).toEqual(wasHere(eve));
  expect(await watch(a, bob)).toEqual([away(bob)]);
  await aldis.call('DELETE', `/api/blocks/${ann.username}`, undefined, bob.token);
  expect(await watch(a, bob)).toEqual([wasHere(bob)]);
  expect(presence(a).length).toBe(2);
  a.socket.close();
});

test('when somebody was last there outlives the server, also of who was there until its end', async () => {
  const own = await Aldis.start();
  try {
    const [ann, bob] = [await own.person('ann'), await own.person('bob')];
    const b = client(own.url, bob);
    await join(b);
    const stopped = Date.now();
    await say(b.socket, { receiver: ann.username, text: 'hi' });
    b.socket.io.reconnection(false);
    await own.stop();
    await own.restart();
    const a = client(own.url, ann);
    await join(a);
    const [seen] = await watch(a, bob);
    expect(seen).toEqual(wasHere(bob));
    expect(Math.abs(Date.parse(seen!.lastSeen!) - stopped)).toBeLessThan(5000);
    a.socket.close();
  } finally {
    await own.end();
  }
});
