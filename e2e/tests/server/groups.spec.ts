import { expect, test } from '@playwright/test';

import type {
  Conversation,
  ConversationChange,
  Message,
  NewGroup,
  Page,
  Problem,
} from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, say, type Person } from '../../support/aldis.ts';
import { refusal, refused } from '../../support/check.ts';
import { client, delivered, join, type Client } from '../../support/live.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

const changes = async (who: Person, group: Conversation, query = '') =>
  (
    await aldis.call<Page<ConversationChange>>(
      'GET',
      `/api/conversations/${group.id}/changes${query}`,
      undefined,
      who.token,
    )
  ).items;
const texts = ({ messages }: Client) => messages.items.map(({ text }) => text);
const of = ({ events }: Client, name: string) =>
  events.items.filter(([event]) => event === name).map(([, payload]) => payload);
const conversations = (who: Client) => of(who, 'conversation') as Conversation[];

async function people<const Names extends readonly string[]>(...names: Names) {
  const people: Person[] = [];
  for (const name of names) people.push(await aldis.person(name));
  return people as { [Name in keyof Names]: Person };
}

async function online(person: Person, auth: object = {}): Promise<Client> {
  const live = client(aldis.url, { token: person.token, ...auth });
  await join(live);
  return live;
}

const begin = (owner: Person, members: Person[], more: Partial<NewGroup> = {}) =>
  aldis.call<Conversation>(
    'POST',
    '/api/conversations',
    { title: 'Crew', members: members.map(({ username }) => username), ...more },
    owner.token,
  );

const path = (group: Conversation, rest = '') => `/api/conversations/${group.id}${rest}`;
const put = (who: Person, group: Conversation, member: Person, body?: object) =>
  aldis.request('PUT', path(group, `/members/${member.username}`), body, who.token);
const takeOut = (who: Person, group: Conversation, member: Person) =>
  aldis.request('DELETE', path(group, `/members/${member.username}`), undefined, who.token);
const history = async (who: Person, group: Conversation) =>
  (await aldis.call<Page<Message>>('GET', path(group, '/messages'), undefined, who.token)).items.map(
    ({ text }) => text,
  );

test('a group is begun, and every member hears what is said, once and in order, whether there or away', async () => {
  const [ann, bob, eve, zoe] = await people('ann', 'bob', 'eve', 'zoe');
  const [a, b] = [await online(ann), await online(bob)];
  const group = await begin(ann, [bob, eve]);
  expect(group).toMatchObject({
    kind: 'group',
    title: 'Crew',
    history: 'joined',
    headSeq: 1,
    unread: 0,
    muted: false,
  });
  const roles = Object.fromEntries(group.members.map(({ username, role }) => [username, role]));
  expect(roles).toEqual({ [ann.username]: 'owner', [bob.username]: 'member', [eve.username]: 'member' });
  await expect.poll(() => conversations(b).length).toBe(1);
  expect(conversations(b)[0]).toMatchObject({ id: group.id, title: 'Crew' });

  const first = await say(a.socket, { conversationId: group.id, text: '1' });
  expect(first).toMatchObject({ seq: 2, sender: ann.username, conversationId: group.id });
  expect(first.receiver).toBeUndefined();
  await b.messages.reaches(1);
  for (let n = 2; n <= 30; n++) await say((n % 2 ? a : b).socket, { conversationId: group.id, text: `${n}` });
  const e = await online(eve);
  await e.messages.reaches(30);
  expect(texts(e)).toEqual(Array.from({ length: 30 }, (_, n) => `${n + 1}`));
  // What was before: the group itself, of which she did not know. Receipts of others may come at any time.
  expect(e.events.items.find(([name]) => name !== 'receipt')).toMatchObject([
    'conversation',
    { id: group.id, title: 'Crew' },
  ]);
  expect((await aldis.conversations(eve)).map(({ id, unread }) => [id, unread])).toEqual([[group.id, 30]]);

  // A stranger sees nothing of it, and can do nothing in it.
  const z = await online(zoe);
  refusal(
    await z.socket.emitWithAck('message', { conversationId: group.id, text: 'hello' }),
    404,
    'not_found',
  );
  refusal(
    await z.socket.emitWithAck('message:react', {
      conversationId: group.id,
      id: first.id,
      emoji: '👍',
      on: true,
    }),
    404,
    'not_found',
  );
  for (const [method, at] of [
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['GET', '/messages'],
  ] as const) {
    await refused(
      aldis.request(method, path(group, at), method === 'PATCH' ? { title: 'x' } : undefined, zoe.token),
      404,
      'not_found',
    );
  }
  await refused(put(zoe, group, zoe), 404, 'not_found');
  expect(z.messages.items).toEqual([]);
  for (const { socket } of [a, b, e, z]) socket.close();
});

test('who joins sees from then on, or everything; who is taken out sees nothing any more', async () => {
  for (const kept of ['joined', 'all'] as const) {
    const [ann, bob] = await people('ann', 'bob');
    const [a, b] = [await online(ann), await online(bob)];
    const group = await begin(ann, [], { history: kept });
    await say(a.socket, { conversationId: group.id, text: 'before' });
    expect((await put(ann, group, bob)).status).toBe(200);
    await say(a.socket, { conversationId: group.id, text: 'with bob' });
    await b.messages.reaches(1);
    expect(texts(b)).toEqual(['with bob']);
    expect(await history(bob, group)).toEqual(kept === 'all' ? ['before', 'with bob'] : ['with bob']);
    await say(b.socket, { conversationId: group.id, text: 'thanks' });

    const out = (await (await takeOut(ann, group, bob)).json()) as Conversation;
    expect(out.members.map(({ username }) => username)).toEqual([ann.username]);
    await expect
      .poll(() =>
        conversations(b)
          .at(-1)
          ?.members.some(({ username }) => username === bob.username),
      )
      .toBe(false);
    expect(conversations(b).at(-1)!.lastMessage).toBeUndefined();
    await say(a.socket, { conversationId: group.id, text: 'without bob' });
    refusal(
      await b.socket.emitWithAck('message', { conversationId: group.id, text: 'still here' }),
      404,
      'not_found',
    );
    await refused(aldis.request('GET', path(group, '/messages'), undefined, bob.token), 404, 'not_found');
    await refused(aldis.request('GET', path(group), undefined, bob.token), 404, 'not_found');
    expect(await aldis.conversations(bob)).toEqual([]);
    // Nor when he comes again, nor with a cursor of before.
    const again = await online(bob);
    expect(texts(again)).toEqual([]);
    expect(texts(b)).toEqual(['with bob']);
    // His messages keep his name.
    const kept2 = await aldis.call<Page<Message>>('GET', path(group, '/messages'), undefined, ann.token);
    expect(kept2.items.map(({ sender, text }) => [sender, text])).toContainEqual([bob.username, 'thanks']);
    for (const { socket } of [a, b, again]) socket.close();
  }
});

test('who joined later is told nothing of changes of what was before', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const a = await online(ann);
  const group = await begin(ann, []);
  const { id } = await say(a.socket, { conversationId: group.id, text: 'before' });
  const b = await online(bob);
  expect((await put(ann, group, bob)).status).toBe(200);
  answer(
    await a.socket.emitWithAck('message:edit', { conversationId: group.id, id, text: 'between ourselves' }),
  );
  const { seq } = await say(a.socket, { conversationId: group.id, text: 'with bob' });
  await b.messages.reaches(1);
  // Else it would be in doubt, and come again.
  await delivered(a, bob, seq);
  expect(of(b, 'message:updated')).toEqual([]);
  refusal(
    await b.socket.emitWithAck('message:react', { conversationId: group.id, id, emoji: '👍', on: true }),
    404,
    'not_found',
  );
  b.socket.close();
  // Nor away.
  answer(
    await a.socket.emitWithAck('message:react', { conversationId: group.id, id, emoji: '👍', on: true }),
  );
  await say(a.socket, { conversationId: group.id, text: 'while away' });
  const again = await online(bob);
  expect(again.events.items.map(([event]) => event)).not.toContain('message:updated');
  expect(texts(again)).toEqual(['while away']);
  for (const { socket } of [a, again]) socket.close();
});

test('roles: who may invite, take out, rename, give roles and hand on', async () => {
  const [ann, bob, eve, dan] = await people('ann', 'bob', 'eve', 'dan');
  const group = await begin(ann, [bob, eve]);
  // A member leads nobody.
  await refused(put(bob, group, dan), 403, 'forbidden');
  await refused(takeOut(bob, group, eve), 403, 'forbidden');
  await refused(aldis.request('PATCH', path(group), { title: 'Mine' }, bob.token), 403, 'forbidden');
  await refused(put(bob, group, bob, { role: 'admin' }), 403, 'forbidden');
  // An admin invites, renames and takes out members, and gives no roles.
  expect((await put(ann, group, bob, { role: 'admin' })).status).toBe(200);
  expect((await put(bob, group, dan, {})).status).toBe(200);
  await refused(put(bob, group, dan, { role: 'admin' }), 403, 'forbidden');
  await refused(takeOut(bob, group, ann), 403, 'forbidden');
  const renamed = await aldis.call<Conversation>(
    'PATCH',
    path(group),
    { title: ' Deck crew ', history: 'all' },
    bob.token,
  );
  expect(renamed).toMatchObject({ title: 'Deck crew', history: 'all' });
  expect((await takeOut(bob, group, dan)).status).toBe(200);
  await refused(takeOut(bob, group, dan), 404, 'not_found');
  // The owner hands on before leaving.
  await refused(aldis.request('DELETE', path(group), undefined, ann.token), 409, 'owner_leaves');
  await refused(put(ann, group, ann, { role: 'member' }), 409, 'owner_leaves');
  const handed = (await (await put(ann, group, eve, { role: 'owner' })).json()) as Conversation;
  const role = (person: Person) => handed.members.find(({ username }) => username === person.username)?.role;
  expect([role(ann), role(bob), role(eve)]).toEqual(['admin', 'admin', 'owner']);
  expect((await aldis.request('DELETE', path(group), undefined, ann.token)).status).toBe(204);
  expect((await takeOut(bob, group, bob)).status).toBe(204);
  expect((await aldis.request('DELETE', path(group), undefined, eve.token)).status).toBe(204);
  expect(await aldis.conversations(eve)).toEqual([]);

  for (const [body, field] of [
    [{ title: '' }, 'title'],
    [{ title: 'x'.repeat(101) }, 'title'],
    [{ title: 'a\nb' }, 'title'],
    [{}, 'title'],
  ] as const) {
    expect(
      (
        await refused(
          aldis.request('POST', '/api/conversations', { members: [], ...body }, ann.token),
          422,
          'invalid',
        )
      ).field,
    ).toBe(field);
  }
  const unknown = await refused(
    aldis.request('POST', '/api/conversations', { title: 'x', members: ['nobody-at-all'] }, ann.token),
    404,
    'receiver_unknown',
  );
  expect(unknown.field).toBe('members');
  // A direct conversation is no group.
  await aldis.call('POST', '/api/messages', { receiver: bob.username, text: 'hi' }, ann.token);
  const direct = (await aldis.conversations(ann))[0]!;
  await refused(put(ann, direct, eve), 403, 'forbidden');
  await refused(aldis.request('PATCH', path(direct), { title: 'x' }, ann.token), 403, 'forbidden');
  await refused(aldis.request('DELETE', path(direct), undefined, ann.token), 403, 'forbidden');
  expect(await aldis.call('PATCH', path(direct), { muted: true }, ann.token)).toMatchObject({ muted: true });
  expect((await aldis.conversations(bob))[0]).toMatchObject({ muted: false });
});

test('changes of a group are entries of its log: who was away learns what it is now', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [a, b] = [await online(ann), client(aldis.url, bob)];
  const cursor = await join(b);
  b.socket.close();
  const group = await begin(ann, [bob]);
  await aldis.call('PATCH', path(group), { title: 'Second' }, ann.token);
  const sent = await say(a.socket, { conversationId: group.id, text: 'hi' });
  expect(sent.seq).toBe(3);
  await aldis.call('PATCH', path(group), { title: 'Third' }, ann.token);
  const again = await online(bob, { cursor });
  // As it is now, before its first message and where it changed last.
  expect(again.events.items.map(([name]) => name)).toEqual([
    'conversation',
    'message',
    'conversation',
    'sync:done',
  ]);
  for (const told of conversations(again)) expect(told).toMatchObject({ title: 'Third', headSeq: 4 });
  const renamed = aldis.call('PATCH', path(group), { title: 'Fourth' }, ann.token);
  await expect.poll(() => conversations(again).at(-1)?.title).toBe('Fourth');
  await renamed;
  for (const { socket } of [a, again]) socket.close();
});

test('reactions are told to everybody, kept, and taken back', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, b] = [await online(ann), await online(bob)];
  const group = await begin(ann, [bob, eve]);
  const { id } = await say(a.socket, {
    conversationId: group.id,
    text: `for @${bob.username.toUpperCase()}, and nobody@example.org`,
  });
  await b.messages.reaches(1);
  expect(b.messages.items[0]!.mentions).toEqual([bob.username]);
  const react = async (who: Client, emoji: string, on: boolean) =>
    answer(await who.socket.emitWithAck('message:react', { conversationId: group.id, id, emoji, on }));
  expect((await react(b, '👍', true)).reactions).toEqual({ '👍': [bob.username] });
  expect((await react(a, '👍', true)).reactions).toEqual({ '👍': [bob.username, ann.username] });
  const same = await react(a, '👍', true);
  expect(same.changeSeq).toBe(4);
  await expect.poll(() => of(b, 'message:updated').length).toBe(1);
  expect(of(b, 'message:updated')[0]).toMatchObject({
    id,
    reactions: { '👍': [bob.username, ann.username] },
  });
  expect((await react(b, '👍', false)).reactions).toEqual({ '👍': [ann.username] });
  // Who was away sees the message as it is now.
  const e = await online(eve);
  await e.messages.reaches(1);
  expect(e.messages.items[0]!.reactions).toEqual({ '👍': [ann.username] });
  for (const emoji of ['', 'x', 'thumbs up', '👍'.repeat(20)]) {
    const problem = refusal(
      await a.socket.emitWithAck('message:react', { conversationId: group.id, id, emoji, on: true }),
      422,
      'invalid',
    );
    expect(problem.field).toBe('emoji');
  }
  for (const { socket } of [a, b, e]) socket.close();
});

test('a blocked sender is answered as always, and the blocker sees nothing', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const [a, b] = [await online(ann), await online(bob)];
  const before = await say(a.socket, { receiver: bob.username, text: 'before' });
  await b.messages.reaches(1);
  expect(await aldis.call('PUT', `/api/blocks/${ann.username}`, undefined, bob.token)).toMatchObject({
    username: ann.username,
  });
  expect((await aldis.call<Page<unknown>>('GET', '/api/blocks', undefined, bob.token)).items).toHaveLength(1);
  const hidden = await say(a.socket, { receiver: bob.username, text: 'hidden' });
  expect(Object.keys(hidden).sort()).toEqual(Object.keys(before).sort());
  answer(
    await a.socket.emitWithAck('message:edit', {
      conversationId: hidden.conversationId,
      id: hidden.id,
      text: 'hidden!',
    }),
  );
  // Nor does a conversation begin by it.
  await aldis.call('PUT', `/api/blocks/${eve.username}`, undefined, bob.token);
  const e = await online(eve);
  await say(e.socket, { receiver: bob.username, text: 'hello?' });
  await refused(
    aldis.request('POST', '/api/conversations', { title: 'Come', members: [bob.username] }, eve.token),
    403,
    'forbidden',
  );
  const seen = await aldis.conversations(bob);
  expect(seen.map(({ lastMessage, unread }) => [lastMessage?.text, unread])).toEqual([['before', 1]]);
  expect(await history(bob, seen[0]!)).toEqual(['before']);
  expect(await history(ann, seen[0]!)).toEqual(['before', 'hidden!']);
  expect((await aldis.conversations(eve))[0]).toMatchObject({ lastMessage: { text: 'hello?' } });

  expect((await aldis.request('DELETE', `/api/blocks/${ann.username}`, undefined, bob.token)).status).toBe(
    204,
  );
  await refused(
    aldis.request('DELETE', `/api/blocks/${ann.username}`, undefined, bob.token),
    404,
    'not_found',
  );
  await say(a.socket, { receiver: bob.username, text: 'again' });
  await b.messages.reaches(2);
  expect(texts(b)).toEqual(['before', 'again']);
  expect(of(b, 'message:updated')).toEqual([]);
  b.socket.close();
  const later = await online(bob);
  expect(texts(later).filter((text) => text.startsWith('hid') || text.startsWith('hello'))).toEqual([]);
  const own = await refused(
    aldis.request('PUT', `/api/blocks/${bob.username}`, undefined, bob.token),
    422,
    'invalid',
  );
  expect((own as Problem).field).toBe('username');
  for (const { socket } of [a, e, later]) socket.close();
});

test('a kill takes nothing of a group back', async () => {
  const one = await Aldis.start();
  try {
    const [ann, bob] = [await one.person('ann'), await one.person('bob')];
    const group = await one.call<Conversation>(
      'POST',
      '/api/conversations',
      { title: 'Crew', members: [bob.username] },
      ann.token,
    );
    const { id } = await one.call<Message>('POST', path(group, '/messages'), { text: 'hi' }, ann.token);
    const live = await one.connect(bob);
    answer(await live.emitWithAck('message:react', { conversationId: group.id, id, emoji: '👍', on: true }));
    await one.call('PUT', `/api/blocks/${ann.username}`, undefined, bob.token);
    live.close();
    // How far somebody has come may be taken back a little.
    const kept = async () =>
      (await one.conversations(ann)).map(({ id, title, headSeq, lastMessage, members }) => ({
        id,
        title,
        headSeq,
        lastMessage,
        roles: members.map(({ username, role }) => [username, role]),
      }));
    const before = await kept();
    await one.kill();
    await one.restart();
    expect(await kept()).toEqual(before);
    expect((await one.messages(ann, group.id))[0]!.reactions).toEqual({ '👍': [bob.username] });
    expect(await one.call('GET', `/api/blocks/${ann.username}`, undefined, bob.token)).toMatchObject({
      username: ann.username,
    });
  } finally {
    await one.end();
  }
});

test('how a group changed can be read, by who may read what was before', async () => {
  const [ann, bob, eve, zoe] = await people('ann', 'bob', 'eve', 'zoe');
  const group = await begin(ann, [bob]);
  await put(ann, group, eve);
  await put(ann, group, bob, { role: 'owner' });
  await aldis.request('PATCH', path(group), { title: 'Harbour', history: 'all' }, bob.token);
  await takeOut(bob, group, eve);
  const all = await changes(ann, group);
  expect(all).toEqual([
    { seq: 1, by: ann.username, timestamp: group.createdAt, title: 'Crew' },
    { seq: 2, by: ann.username, timestamp: expect.any(String), joined: [eve.username] },
    {
      seq: 3,
      by: ann.username,
      timestamp: expect.any(String),
      roles: { [ann.username]: 'admin', [bob.username]: 'owner' },
    },
    { seq: 4, by: bob.username, timestamp: expect.any(String), title: 'Harbour', history: 'all' },
    { seq: 5, by: bob.username, timestamp: expect.any(String), left: [eve.username] },
  ]);
  expect(await changes(ann, group, '?afterSeq=1&beforeSeq=5&limit=2')).toEqual(all.slice(2, 4));
  await refused(aldis.request('GET', path(group, '/changes?limit=0'), undefined, ann.token), 422, 'invalid');
  for (const who of [eve, zoe])
    await refused(aldis.request('GET', path(group, '/changes'), undefined, who.token), 404, 'not_found');
  await put(bob, group, zoe);
  expect(await changes(zoe, group)).toHaveLength(6);
});
