// The end of an account: who it was is gone, from the answers, from the devices of others, and from the files.
import { readdir, readFile } from 'node:fs/promises';
import { join as path } from 'node:path';

import { expect, test } from '@playwright/test';

import type { Conversation, Message, Page, User } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, PASSWORD, type Person, say } from '../../support/aldis.ts';
import { getFrom, uploadTo } from '../../support/attachments.ts';
import { refused } from '../../support/check.ts';
import { client, join, refusedConnect } from '../../support/live.ts';

let aldis: Aldis;
test.beforeEach(async () => void (aldis = await Aldis.start()));
test.afterEach(() => aldis.end());

const remove = (who: Person, body: object = {}) =>
  aldis.request('DELETE', '/auth/account', { password: PASSWORD, ...body }, who.token);

/** Which of these words are in the files of the server, in any case. */
async function foundOf(words: string[]): Promise<string[]> {
  const files = await readdir(aldis.data, { recursive: true, withFileTypes: true });
  const texts = files
    .filter((file) => file.isFile())
    .map((file) => readFile(path(file.parentPath, file.name), 'latin1').catch(() => ''));
  const all = (await Promise.all(texts)).join('\n').toLowerCase();
  return words.filter((word) => all.includes(word));
}

async function personWithEmail(username: string, displayName: string, email: string): Promise<Person> {
  await aldis.call('POST', '/auth/register', { username, password: PASSWORD, displayName, email });
  await aldis.call('POST', '/auth/verify', { username, otp: '123456' });
  return { ...(await aldis.login(username)), username, password: PASSWORD };
}

test('nothing is left of who deletes their account and messages, anywhere', async () => {
  const ann = await personWithEmail('Ann', 'Zyxname Ann', 'ann@zyxmail.example');
  const [bob, eve] = [await aldis.person('bob'), await aldis.person('eve')];
  const group = await aldis.group('Crew', [ann, bob, eve]);
  const annes = await aldis.connect(ann);
  const file = await uploadTo(aldis, ann, 'zyxbytes', 'text/plain', 'zyxfile.txt');
  const direct = await say(annes, {
    receiver: bob.username,
    text: 'zyxtext to bob',
    attachments: [file.id],
  });
  await say(annes, { conversationId: group.id, text: 'zyxtext to all' });
  const answer = await aldis.call<Message>(
    'POST',
    '/api/messages',
    { receiver: 'ann', text: 'hello' },
    bob.token,
  );
  await uploadTo(aldis, ann, 'zyxunsent', 'text/plain', 'zyxfile.txt');
  // A device that has everything until here, and is away from now on.
  const away = client(aldis.url, { token: bob.token });
  const cursor = await join(away);
  away.socket.close();
  const here = client(aldis.url, { token: eve.token });
  await join(here);
  const secrets = ['zyxname', 'zyxmail', 'zyxtext', 'zyxfile', 'zyxbytes', 'zyxunsent'];
  await expect.poll(() => foundOf(secrets)).toEqual(secrets);

  await refused(remove(ann, { password: 'not the password' }), 401, 'credentials_invalid');
  const cut = new Promise((done) => annes.once('disconnect', done));
  const began = Date.now();
  expect((await remove(ann, { messages: 'delete' })).status).toBe(204);
  await cut;
  expect(Date.now() - began).toBeLessThan(5000);
  annes.close();
  const again = await refusedConnect(client(aldis.url, { token: ann.token }, { reconnection: false }));
  expect(again.message).toBe('session_revoked');

  // Who is there is told.
  await here.events.until((events) =>
    events.some(([name, payload]) => name === 'message:updated' && (payload as Message).deletedAt),
  );
  const isLed = (payload: unknown) => {
    const { id, members, memberCount } = payload as Conversation;
    const owner = members.find(({ role }) => role === 'owner');
    return id === group.id && memberCount === 2 && owner?.username === bob.username;
  };
  await here.events.until((events) =>
    events.some(([name, payload]) => name === 'conversation' && isLed(payload)),
  );
  here.socket.close();
  await expect.poll(() => foundOf(secrets), { timeout: 15_000 }).toEqual([]);

  // And so is who was not.
  const back = client(aldis.url, { token: bob.token, cursor });
  await join(back);
  const told = back.events.items;
  const updated = told
    .filter(([name]) => name === 'message:updated')
    .map(([, payload]) => payload as Message);
  expect(updated.map(({ text, sender, deletedAt }) => [text, sender, typeof deletedAt])).toEqual([
    ['', 'Ann', 'string'],
    ['', 'Ann', 'string'],
  ]);
  expect(told.some(([name, payload]) => name === 'conversation' && isLed(payload))).toBe(true);
  expect(told.filter(([name]) => name === 'message')).toEqual([]);
  back.socket.close();

  const user = await aldis.call<User>('GET', '/api/users/ann', undefined, bob.token);
  expect(user).toEqual({ username: 'Ann', displayName: 'Ann', createdAt: expect.any(String), deleted: true });
  const search = await aldis.call<Page<User>>('GET', '/api/users?query=ann', undefined, bob.token);
  expect(search.items).toEqual([]);
  await refused(
    aldis.request('POST', '/auth/login', { username: 'ann', password: PASSWORD }),
    401,
    'credentials_invalid',
  );
  await refused(
    aldis.request('POST', '/auth/register', { username: 'ANN', password: PASSWORD }),
    409,
    'username_taken',
  );
  await refused(
    aldis.request('POST', '/api/messages', { receiver: 'Ann', text: 'hello?' }, bob.token),
    404,
    'receiver_unknown',
  );
  await refused(
    aldis.request(
      'POST',
      `/api/conversations/${direct.conversationId}/messages`,
      { text: 'hello?' },
      bob.token,
    ),
    404,
    'receiver_unknown',
  );
  expect((await getFrom(aldis, bob, file.url)).status).toBe(404);
  // What the other said is the other's.
  const left = await aldis.messages(bob, direct.conversationId);
  expect(left.map(({ id, text }) => [id, text])).toEqual([
    [direct.id, ''],
    [answer.id, 'hello'],
  ]);
});

test('messages that stay are as they were, and a crash in between does not matter', async () => {
  const ann = await personWithEmail('Ann', 'Zyxname Ann', 'ann@zyxmail.example');
  const [bob, eve] = [await aldis.person('bob'), await aldis.person('eve')];
  const group = await aldis.group('Crew', [ann, bob, eve]);
  await aldis.call(
    'PUT',
    `/api/conversations/${group.id}/members/${eve.username}`,
    { role: 'admin' },
    ann.token,
  );
  const file = await uploadTo(aldis, ann, 'stays', 'text/plain', 'a file.txt');
  const said = await aldis.call<Message>(
    'POST',
    `/api/conversations/${group.id}/messages`,
    { text: 'this stays', attachments: [file.id] },
    ann.token,
  );
  expect((await remove(ann)).status).toBe(204);
  await aldis.kill();
  await aldis.restart();
  const seen = () => aldis.call<Conversation>('GET', `/api/conversations/${group.id}`, undefined, bob.token);
  const roles = async () =>
    Object.fromEntries((await seen()).members.map(({ username, role }) => [username, role]));
  await expect.poll(roles).toEqual({ [bob.username]: 'member', [eve.username]: 'owner' });
  const kept = (await aldis.messages(bob, group.id)).find(({ id }) => id === said.id);
  expect(kept).toMatchObject({ text: 'this stays', sender: 'Ann', attachments: [{ id: file.id }] });
  expect((await getFrom(aldis, bob, file.url)).status).toBe(200);
  await expect.poll(() => foundOf(['zyxname', 'zyxmail']), { timeout: 15_000 }).toEqual([]);
});
