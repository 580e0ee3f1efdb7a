import { readdir, readFile } from 'node:fs/promises';
import { join as path } from 'node:path';

import { expect, test } from '@playwright/test';
import { io } from 'socket.io-client';

import type { ApiToken, Message, Session, User } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, type Person, say } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { client, join, next, refusedConnect } from '../../support/live.ts';

// API tokens: what programs show instead of logging in.

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

const make = async (person: Person, body: object = { name: 'bot' }) => {
  const made = await aldis.call<ApiToken>('POST', '/auth/tokens', body, person.token);
  return { ...made, token: made.token! };
};
const list = (person: Person) => aldis.call<ApiToken[]>('GET', '/auth/tokens', undefined, person.token);
const end = (id: string, token: string) => aldis.request('DELETE', `/auth/tokens/${id}`, undefined, token);
const me = (token?: string) => aldis.request('GET', '/api/users/me', undefined, token);

test('a token is shown once and works over HTTP and at the socket', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const answer = await aldis.request('POST', '/auth/tokens', { name: ' deploys ' }, ann.token);
  expect(answer.status).toBe(201);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const { token, ...shown } = (await answer.json()) as ApiToken;
  expect(token).toMatch(/^aldis_[\w-]{43}$/);
  expect(shown).toEqual({ id: expect.any(String), name: 'deploys', createdAt: expect.any(String) });
  expect(await list(ann)).toEqual([shown]);
  expect(await list(bob)).toEqual([]);

  expect(((await (await me(token)).json()) as User).username).toBe(ann.username);
  const sent = await aldis.call<Message>(
    'POST',
    '/api/messages',
    { receiver: bob.username, text: 'by HTTP' },
    token,
  );
  expect(sent.sender).toBe(ann.username);
  const socket = await aldis.connect({ token: token! });
  expect((await say(socket, { receiver: bob.username, text: 'by the socket' })).seq).toBe(2);
  socket.close();

  const used = { ...shown, lastUsedAt: expect.any(String) };
  expect(await list(ann)).toEqual([used]);
  const sessions = await aldis.call<Session[]>('GET', '/auth/sessions', undefined, ann.token);
  expect(sessions.map(({ id }) => id)).not.toContain(shown.id);
  await refused(
    aldis.request('DELETE', `/auth/sessions/${shown.id}`, undefined, ann.token),
    404,
    'not_found',
  );
  await refused(end(sessions[0]!.id, ann.token), 404, 'not_found');
  // The sessions of people come and go.
  expect((await aldis.request('POST', '/auth/logout', undefined, ann.token)).status).toBe(204);
  expect((await me(token)).status).toBe(200);
});

test("ending a token cuts its sockets at once and nobody else's", async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const [bot, other] = [await make(ann), await make(ann, { name: 'other' })];
  const cut = client(aldis.url, { token: bot.token });
  const person = client(aldis.url, { token: ann.token });
  const kept = client(aldis.url, { token: other.token });
  for (const one of [cut, person, kept]) await join(one);
  // Known and used, and so in whatever is kept of it.
  expect((await me(bot.token)).status).toBe(200);

  await refused(end(bot.id, bob.token), 404, 'not_found');
  const gone = next<string>(cut, 'disconnect');
  const started = performance.now();
  expect((await end(bot.id, ann.token)).status).toBe(204);
  await gone;
  expect(performance.now() - started).toBeLessThan(1000);
  await refused(me(bot.token), 401, 'session_revoked');
  expect((await refusedConnect(client(aldis.url, { token: bot.token }))).message).toBe('session_revoked');
  await refused(end(bot.id, ann.token), 404, 'not_found');
  expect((await list(ann)).map(({ name }) => name)).toEqual(['other']);

  expect((await me(other.token)).status).toBe(200);
  expect(person.socket.connected && kept.socket.connected).toBe(true);
  for (const { socket } of [cut, person, kept]) socket.close();
});

test('whoever connects or asks while a token is being ended is cut, too', async () => {
  const ann = await aldis.person('ann');
  const { id, token } = await make(ann);
  const over = Array.from({ length: 40 }, () => {
    const { socket } = client(aldis.url, { token }, { reconnection: false });
    const gone = new Promise((done) => socket.once('disconnect', done).once('connect_error', done));
    socket.connect();
    return gone;
  });
  const ended = end(id, ann.token);
  const asked = Array.from({ length: 40 }, () => me(token));
  expect((await ended).status).toBe(204);
  await refused(me(token), 401, 'session_revoked');
  for (const answer of asked) expect([200, 401]).toContain((await answer).status);
  await Promise.all(over);
});

test('a token ends when it was told to', async () => {
  const ann = await aldis.person('ann');
  const expiresAt = new Date(Date.now() + 3000).toISOString();
  const bot = await make(ann, { name: 'bot', expiresAt });
  expect(bot.expiresAt).toBe(expiresAt);
  expect((await me(bot.token)).status).toBe(200);
  const open = client(aldis.url, { token: bot.token });
  await join(open);
  await next<string>(open, 'disconnect');
  expect(Date.now() - Date.parse(expiresAt)).toBeLessThan(1000);
  open.socket.close();
  await expect(async () => {
    await refused(me(bot.token), 401, 'session_revoked');
  }).toPass();
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
  expect((await refusedConnect(client(aldis.url, { token: bot.token }))).message).toBe('session_revoked');
});

test('what cannot be made', async () => {
  const ann = await aldis.person('ann');
  for (const [field, body] of [
    ['name', {}],
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(65) }],
    ['name', { name: 'a\nb' }],
    ['expiresAt', { name: 'bot', expiresAt: '2020-01-01T00:00:00Z' }],
    ['expiresAt', { name: 'bot', expiresAt: 'tomorrow' }],
  ] as const) {
    expect(
      (await refused(aldis.request('POST', '/auth/tokens', body, ann.token), 422, 'invalid')).field,
    ).toBe(field);
  }
  const made = await Promise.all(
    Array.from({ length: 60 }, () => aldis.request('POST', '/auth/tokens', { name: 'many' }, ann.token)),
  );
  expect(made.filter(({ status }) => status === 201)).toHaveLength(50);
  await refused(
    aldis.request('POST', '/auth/tokens', { name: 'one more' }, ann.token),
    409,
    'too_many_tokens',
  );
  const [one] = await list(ann);
  expect((await end(one!.id, ann.token)).status).toBe(204);
  await make(ann);
});

test('a token counts only where tokens belong', async () => {
  const ann = await aldis.person('ann');
  const { token } = await make(ann);
  for (const name of ['token', 'access_token', 'auth']) {
    await refused(fetch(`${aldis.url}/api/users/me?${name}=${token}`), 401, 'token_required');
    const query = io(aldis.url, { query: { [name]: token }, forceNew: true, reconnection: false });
    const refusal = await new Promise<string>((done) =>
      query.once('connect_error', ({ message }) => done(message)),
    );
    expect(refusal).toBe('token_required');
    query.close();
  }
  await refused(
    aldis.request('GET', '/api/users/me', undefined, undefined, { cookie: `token=${token}` }),
    401,
    'token_required',
  );
  await refused(
    aldis.request('GET', '/api/users/me', undefined, undefined, { authorization: `Basic ${token}` }),
    401,
    'token_required',
  );
  await refused(aldis.request('POST', '/auth/refresh', { refreshToken: token }), 401, 'refresh_invalid');
  for (const other of [
    'aldis_',
    token.slice(0, -1),
    `${token}x`,
    `${token}=`,
    token.toLowerCase(),
    `aldis_${'A'.repeat(43)}`,
  ]) {
    await refused(me(other), 401, 'session_revoked');
  }
  for (const other of [token.slice(6), token.toUpperCase()]) await refused(me(other), 401, 'token_invalid');
});

test('a token outlives the server, which neither logs nor stores it', async () => {
  const own = await Aldis.start(['--log', 'trace']);
  try {
    const ann = await own.person('ann');
    const { id, token } = await own.call<ApiToken>('POST', '/auth/tokens', { name: 'bot' }, ann.token);
    const made = own.log;
    await own.kill();
    await own.restart();
    const socket = await own.connect({ token: token! });
    socket.close();
    await own.call('GET', '/api/users/me', undefined, token);
    await own.call('DELETE', `/auth/tokens/${id}`, undefined, ann.token);
    await refused(own.request('GET', '/api/users/me', undefined, token), 401, 'session_revoked');
    const used = own.log;
    await own.kill();
    await own.restart();
    await refused(own.request('GET', '/api/users/me', undefined, token), 401, 'session_revoked');
    const secret = token!.slice('aldis_'.length);
    for (const log of [made, used, own.log]) expect(log.join('\n')).not.toContain(secret);
    for (const file of await readdir(own.data)) {
      if (file.startsWith('aldis.db'))
        expect((await readFile(path(own.data, file))).includes(secret), file).toBe(false);
    }
  } finally {
    await own.end();
  }
});
