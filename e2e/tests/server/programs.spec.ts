import { expect, test } from '@playwright/test';

import type {
  Conversation,
  Cursors,
  Message,
  Page,
  SyncPage,
} from '../../../web/src/app/protocol/protocol.ts';
import { Aldis } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { client, join } from '../../support/live.ts';

// What a socket can do, a program can do by HTTP.

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

test('messages are edited, deleted and reacted to', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const live = client(aldis.url, { token: bob.token });
  await join(live);
  const sent = await aldis.call<Message>(
    'POST',
    '/api/messages',
    { receiver: bob.username, text: 'helo' },
    ann.token,
  );
  const at = `/api/conversations/${sent.conversationId}/messages/${sent.id}`;

  const edited = await aldis.call<Message>('PATCH', at, { text: 'hello' }, ann.token);
  expect(edited).toMatchObject({
    id: sent.id,
    seq: 1,
    text: 'hello',
    changeSeq: 2,
    editedAt: expect.any(String),
  });
  const thumb = `${at}/reactions/${encodeURIComponent('👍🏽')}`;
  const reacted = await aldis.call<Message>('PUT', thumb, undefined, bob.token);
  expect(reacted.reactions).toEqual({ '👍🏽': [bob.username] });
  // Once more changes nothing.
  expect(await aldis.call('PUT', thumb, undefined, bob.token)).toEqual(reacted);
  const back = await aldis.call<Message>('DELETE', thumb, undefined, bob.token);
  expect(back.reactions).toBeUndefined();
  expect(await aldis.call('DELETE', thumb, undefined, bob.token)).toEqual(back);
  const deleted = await aldis.call<Message>('DELETE', at, undefined, ann.token);
  expect(deleted).toMatchObject({ id: sent.id, text: '', changeSeq: 5, deletedAt: expect.any(String) });
  const updates = () =>
    live.events.items.filter(([name]) => name === 'message:updated').map(([, message]) => message);
  await expect.poll(updates).toEqual([edited, reacted, back, deleted]);

  await refused(aldis.request('PATCH', at, { text: 'x' }, ann.token), 409, 'message_deleted');
  await refused(aldis.request('PUT', thumb, undefined, bob.token), 409, 'message_deleted');
  const other = await aldis.call<Message>(
    'POST',
    '/api/messages',
    { receiver: bob.username, text: 'mine' },
    ann.token,
  );
  const there = `/api/conversations/${other.conversationId}/messages/${other.id}`;
  await refused(aldis.request('PATCH', there, { text: 'yours' }, bob.token), 403, 'forbidden');
  await refused(aldis.request('DELETE', there, undefined, bob.token), 403, 'forbidden');
  await refused(aldis.request('DELETE', there, undefined, eve.token), 404, 'not_found');
  await refused(
    aldis.request('PUT', `${there}/reactions/${encodeURIComponent('👍')}`, undefined, eve.token),
    404,
    'not_found',
  );
  await refused(aldis.request('PATCH', there, { text: ' ' }, ann.token), 422, 'text_empty');
  await refused(aldis.request('PATCH', there, {}, ann.token), 422, 'invalid');
  await refused(aldis.request('PUT', `${there}/reactions/word`, undefined, ann.token), 422, 'invalid');
  await refused(
    aldis.request(
      'DELETE',
      `/api/conversations/${other.conversationId}/messages/nothing`,
      undefined,
      ann.token,
    ),
    404,
    'not_found',
  );
  await refused(aldis.request('POST', there, {}, ann.token), 405, 'method_not_allowed');
  live.socket.close();
});

test('receipts move forward and stop at the head', async () => {
  const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
  const live = client(aldis.url, { token: ann.token });
  await join(live);
  let id = '';
  for (const text of ['1', '2', '3']) {
    ({ conversationId: id } = await aldis.call<Message>(
      'POST',
      '/api/messages',
      { receiver: bob.username, text },
      ann.token,
    ));
  }
  const move = (body: object) =>
    aldis.call<Cursors>('POST', `/api/conversations/${id}/receipt`, body, bob.token);
  expect(await move({ deliveredSeq: 2 })).toEqual({ deliveredSeq: 2, readSeq: 0 });
  expect(await move({ readSeq: 1 })).toEqual({ deliveredSeq: 2, readSeq: 1 });
  expect(await move({ deliveredSeq: 1, readSeq: 99 })).toEqual({ deliveredSeq: 3, readSeq: 3 });
  expect(await move({})).toEqual({ deliveredSeq: 3, readSeq: 3 });
  const receipt = { conversationId: id, username: bob.username, deliveredSeq: 3, readSeq: 3 };
  await live.events.until((events) =>
    events.some(([name, payload]) => name === 'receipt' && (payload as Cursors).readSeq === 3),
  );
  expect(live.events.items.findLast(([name]) => name === 'receipt')).toEqual(['receipt', receipt]);
  await refused(
    aldis.request('POST', `/api/conversations/${id}/receipt`, { readSeq: 1 }, eve.token),
    404,
    'not_found',
  );
  await refused(
    aldis.request('POST', `/api/conversations/${id}/receipt`, { readSeq: -1 }, bob.token),
    422,
    'invalid',
  );
  live.socket.close();
});

test('sync pages what came after a cursor, as a socket would be sent it', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const sync = (query = '') => aldis.call<SyncPage>('GET', `/api/sync${query}`, undefined, bob.token);
  const start = await sync();
  expect(start).toEqual({ events: [], cursor: expect.any(String), more: false });

  const sent: Message[] = [];
  for (let n = 1; n <= 7; n++) {
    sent.push(await aldis.call('POST', '/api/messages', { receiver: bob.username, text: `${n}` }, ann.token));
  }
  const { id, conversationId } = sent[0]!;
  const edited = await aldis.call<Message>(
    'PATCH',
    `/api/conversations/${conversationId}/messages/${id}`,
    { text: 'one' },
    ann.token,
  );
  const group = await aldis.call<Conversation>(
    'POST',
    '/api/conversations',
    { title: 'Crew', members: [bob.username] },
    ann.token,
  );
  const expected = [
    // An edited message comes as it is now, and its change after it.
    { event: 'message', data: edited },
    ...sent.slice(1).map((data) => ({ event: 'message', data })),
    { event: 'message:updated', data: edited },
    { event: 'conversation', data: expect.objectContaining({ id: group.id, title: 'Crew' }) },
  ];
  const whole = await sync(`?cursor=${start.cursor}`);
  expect(whole).toEqual({ events: expected, cursor: expect.any(String), more: false });
  const pages: SyncPage[] = [];
  for (let cursor = start.cursor, more = true; more;) {
    const page = await sync(`?cursor=${cursor}&limit=4`);
    pages.push(page);
    ({ cursor, more } = page);
  }
  expect(pages.map(({ events }) => events.length)).toEqual([4, 4, 1]);
  expect(pages.flatMap(({ events }) => events)).toEqual(expected);
  expect(await sync(`?cursor=${whole.cursor}`)).toEqual({ events: [], cursor: whole.cursor, more: false });

  // A cursor is as good at a socket, and the other way round.
  const live = client(aldis.url, { token: bob.token, cursor: pages[0]!.cursor });
  const cursor = await join(live);
  expect((await live.messages.reaches(3)).map(({ text }) => text)).toEqual(['5', '6', '7']);
  expect((await sync(`?cursor=${cursor}`)).events).toEqual([]);
  live.socket.close();

  const get = (query: string) => aldis.request('GET', `/api/sync${query}`, undefined, bob.token);
  await refused(get('?cursor=elsewhere'), 400, 'cursor_invalid');
  expect((await refused(get('?limit=0'), 422, 'invalid')).field).toBe('limit');
  await refused(get('?limit=many'), 422, 'invalid');
  // Nothing of it counted as delivered but what the socket took.
  const page = await aldis.call<Page<Conversation>>('GET', '/api/conversations', undefined, ann.token);
  const member = page.items
    .find((item) => item.id === conversationId)!
    .members.find(({ username }) => username === bob.username);
  expect(member?.readSeq).toBe(0);
});
