import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';

import { expect, test } from '@playwright/test';

import { Aldis, PASSWORD } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import type { LoggedIn, Registered, Session, Verified } from '../../../web/src/app/protocol/protocol.ts';

let aldis: Aldis;
test.beforeAll(async () => void (aldis = await Aldis.start()));
test.afterAll(() => aldis.end());

const post = (path: string, body: unknown, token?: string) => aldis.request('POST', path, body, token);

test('register, verify, log in, as the first demo did', async () => {
  const registering = await post('/auth/register', { username: 'Demo', password: PASSWORD });
  expect(registering.status).toBe(201);
  const { user, otp } = (await registering.json()) as Registered;
  const createdAt: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(user).toEqual({
    username: 'Demo',
    displayName: 'Demo',
    createdAt,
    hidePresence: false,
    addMe: 'everybody',
    role: 'member',
  });
  expect(otp.channel).toBe('fixed');
  expect(Date.parse(otp.expiresAt)).toBeGreaterThan(Date.now());

  await refused(post('/auth/login', { username: 'Demo', password: PASSWORD }), 403, 'not_verified');
  await refused(
    post('/auth/login', { username: 'Demo', password: 'not the password' }),
    401,
    'credentials_invalid',
  );

  const verifying = await post('/auth/verify', { username: 'demo', otp: '123456' });
  expect(verifying.status).toBe(200);
  expect(((await verifying.json()) as Verified).user).toEqual(user);
  await refused(post('/auth/verify', { username: 'demo', otp: '123456' }), 400, 'otp_invalid');

  const loggingIn = await post('/auth/login', { username: 'DEMO', password: PASSWORD, device: 'phone' });
  expect(loggingIn.status).toBe(200);
  const session = (await loggingIn.json()) as LoggedIn;
  expect(session).toEqual({
    token: expect.any(String),
    expiresAt: expect.any(String),
    refreshToken: expect.any(String),
    user,
  });
});

test('what cannot be registered', async () => {
  const taken = await aldis.person('taken');
  const register = (body: object) =>
    post('/auth/register', { username: 'fresh', password: PASSWORD, ...body });
  await refused(register({ username: taken.username.toUpperCase() }), 409, 'username_taken');
  for (const [field, value] of [
    ['username', 'x'],
    ['username', 'x'.repeat(33)],
    ['username', 'not allowed'],
    ['username', '../etc'],
    ['username', 5],
    ['password', 'short'],
    ['password', 'x'.repeat(257)],
    ['email', 'nobody'],
    ['displayName', ' '],
    ['displayName', 'x'.repeat(65)],
  ] as const) {
    const problem = await refused(register({ [field]: value }), 422, 'invalid');
    expect(problem.field, `${field}: ${value}`).toBe(field);
  }
  expect((await refused(post('/auth/register', { username: 'fresh' }), 422, 'invalid')).field).toBe(
    'password',
  );
});

test('a code: five tries, then a new one', async () => {
  await post('/auth/register', { username: 'locked', password: PASSWORD });
  const wrong = () => post('/auth/verify', { username: 'locked', otp: '000000' });
  for (let attempt = 1; attempt <= 5; attempt++) await refused(wrong(), 400, 'otp_invalid');
  await refused(wrong(), 429, 'otp_locked');
  await refused(post('/auth/verify', { username: 'locked', otp: '123456' }), 429, 'otp_locked');
  expect((await post('/auth/resend', { username: 'locked' })).status).toBe(202);
  expect((await post('/auth/verify', { username: 'locked', otp: '123456' })).status).toBe(200);
});

test('a stranger who guesses locks nobody out, and neither do many', async () => {
  const proxied = await Aldis.start(['--memory', '--trusted-proxy', '127.0.0.1', '--allow-fixed-otp']);
  try {
    const from = (n: number) => ({ 'x-forwarded-for': `192.0.2.${n}` });
    const ask = (path: string, n: number, body: object) =>
      proxied.request('POST', path, { username: 'ann', ...body }, undefined, from(n));
    const verify = (n: number, otp: string) => ask('/auth/verify', n, { otp });
    const guessed = async (n: number): Promise<number> => {
      const answers: Response[] = [];
      for (let guess = 0; guess < 6; guess++) answers.push(await verify(n, `00000${guess}`));
      const wrong = answers.filter(({ status }) => status === 400).length;
      await refused(answers[5]!, 429, 'otp_locked');
      return wrong;
    };
    expect((await ask('/auth/register', 1, { password: PASSWORD })).status).toBe(201);
    expect(await guessed(2)).toBe(5);
    expect(await guessed(3)).toBe(5);
    // More would be a search, from however many addresses.
    for (const stranger of [4, 5, 6]) expect(await guessed(stranger)).toBe(0);
    // Who is at another address than they registered from asks for a code of their own.
    await refused(verify(7, '123456'), 429, 'otp_locked');
    expect((await ask('/auth/resend', 7, {})).status).toBe(202);
    await refused(verify(7, '000000'), 400, 'otp_invalid');
    // And who registered needs none.
    await refused(verify(1, '000000'), 400, 'otp_invalid');
    expect((await verify(1, '123456')).status).toBe(200);
    await refused(verify(7, '123456'), 400, 'otp_invalid');
  } finally {
    await proxied.end();
  }
});

test("codes that a stranger asks for use up and replace nobody else's", async () => {
  const proxied = await Aldis.start([
    '--memory',
    '--trusted-proxy',
    '127.0.0.1',
    '--otp-channel',
    'log',
    '--log-format',
    'json',
  ]);
  try {
    const ask = (path: string, n: number, body: object) =>
      proxied.request('POST', path, { username: 'ann', ...body }, undefined, {
        'x-forwarded-for': `192.0.2.${n}`,
      });
    const codes = () =>
      proxied.log
        .filter((line) => line.includes('"ann"') && line.includes('"code"'))
        .map((line) => (JSON.parse(line) as { code: string }).code);
    const sent = (count: number) => expect.poll(() => codes().length).toBe(count);
    await ask('/auth/register', 1, { password: PASSWORD });
    await sent(1);
    for (let n = 0; n < 12; n++) expect((await ask('/auth/resend', 2, {})).status).toBe(202);
    // Ten are sent; that two were not is in the log before the next is asked for.
    await sent(11);
    await ask('/auth/resend', 3, {});
    await sent(12);
    expect((await ask('/auth/verify', 1, { otp: codes()[0]! })).status).toBe(200);
  } finally {
    await proxied.end();
  }
});

test('a username that nobody verified is free again after its time', async () => {
  const short = await Aldis.start(['--otp-lifetime', '1ms', '--unverified-lifetime', '1s']);
  try {
    const register = (username: string) =>
      short.request('POST', '/auth/register', { username, password: PASSWORD });
    const first = await register('Ann');
    expect(first.status).toBe(201);
    await refused(register('ann'), 409, 'username_taken');
    await expect(async () => {
      const again = await register('ANN');
      expect(again.status).toBe(201);
      expect(((await again.json()) as Registered).user.username).toBe('ANN');
    }).toPass();
    // The one before it has lost its way in with it.
    await refused(
      short.request('POST', '/auth/login', { username: 'ann', password: 'not the password' }),
      401,
      'credentials_invalid',
    );
    await register('the-newest');
    // It is removed in time, too: then nobody is there to log in.
    await expect(async () => {
      await refused(
        short.request('POST', '/auth/login', { username: 'ANN', password: PASSWORD }),
        401,
        'credentials_invalid',
      );
    }).toPass();
  } finally {
    await short.end();
  }
});

test('asking for a code and entering one say nothing about who exists', async () => {
  const { username } = await aldis.person('known');
  for (const name of [username, 'nobody-at-all', '']) {
    const answer = await post('/auth/resend', { username: name });
    expect([answer.status, await answer.text()]).toEqual([202, '']);
  }
  const [known, unknown] = await Promise.all(
    [username, 'nobody-at-all'].map(async (name) =>
      (await post('/auth/verify', { username: name, otp: '000000' })).text(),
    ),
  );
  expect(known).toBe(unknown);
});

test('a wrong password and an unknown user are one and the same answer', async () => {
  const { username } = await aldis.person('timed');
  const attempt = async (name: string) => {
    const started = performance.now();
    const answer = await post('/auth/login', { username: name, password: 'not the password' });
    const body = await answer.text();
    return { status: answer.status, body, took: performance.now() - started };
  };
  const known: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < 12; round++) {
    const [wrong, missing] = [await attempt(username), await attempt('nobody-at-all')];
    expect([wrong.status, wrong.body]).toEqual([missing.status, missing.body]);
    known.push(wrong.took);
    unknown.push(missing.took);
  }
  // An answer without hashing would take a tenth.
  const median = (times: number[]) => times.sort((a, b) => a - b)[times.length / 2]!;
  expect(median(unknown)).toBeGreaterThan(median(known) / 2);
  expect(median(known)).toBeGreaterThan(median(unknown) / 2);
});

const refresh = (server: Aldis, refreshToken: string) =>
  server.request('POST', '/auth/refresh', { refreshToken });
const refreshed = async (server: Aldis, refreshToken: string): Promise<LoggedIn> => {
  const answer = await refresh(server, refreshToken);
  expect(answer.status).toBe(200);
  return (await answer.json()) as LoggedIn;
};

test('a refresh token works once; a second use ends the session and cuts its sockets', async () => {
  const person = await aldis.person('refresher');
  const socket = await aldis.connect(person);
  const cut = new Promise<number>((done) => socket.once('disconnect', () => done(performance.now())));
  const next = await refreshed(aldis, person.refreshToken);
  expect(next.user.username).toBe(person.username);
  expect(next.refreshToken).not.toBe(person.refreshToken);
  expect((await aldis.request('GET', '/api/users/me', undefined, next.token)).status).toBe(200);
  const last = await refreshed(aldis, next.refreshToken);

  const reused = performance.now();
  await refused(refresh(aldis, person.refreshToken), 401, 'refresh_invalid');
  expect((await cut) - reused).toBeLessThan(1000);
  socket.close();
  await refused(aldis.request('GET', '/api/users/me', undefined, last.token), 401, 'session_revoked');
  await refused(refresh(aldis, last.refreshToken), 401, 'refresh_invalid');
  await refused(refresh(aldis, 'made up'), 401, 'refresh_invalid');
});

test('a refresh whose answer is lost is answered again with the same successor', async () => {
  const person = await aldis.person('unheard');
  const lost = await refreshed(aldis, person.refreshToken);
  const again = await refreshed(aldis, person.refreshToken);
  expect(again.refreshToken).toBe(lost.refreshToken);
  for (const { token } of [lost, again])
    expect((await aldis.request('GET', '/api/users/me', undefined, token)).status).toBe(200);
  const next = await refreshed(aldis, again.refreshToken);
  expect(next.refreshToken).not.toBe(again.refreshToken);
});

test('three tabs and seven more that refresh at the same time stay logged in', async () => {
  const person = await aldis.person('tabs');
  const answers = await Promise.all(Array.from({ length: 10 }, () => refreshed(aldis, person.refreshToken)));
  expect(new Set(answers.map(({ refreshToken }) => refreshToken)).size).toBe(1);
  expect((await aldis.request('GET', '/api/users/me', undefined, answers[0]!.token)).status).toBe(200);
});

test('a refresh is answered again also after the server was killed', async () => {
  const killed = await Aldis.start();
  try {
    const person = await killed.person('ann');
    const lost = await refreshed(killed, person.refreshToken);
    await killed.kill();
    await killed.restart();
    expect((await refreshed(killed, person.refreshToken)).refreshToken).toBe(lost.refreshToken);
    await refreshed(killed, lost.refreshToken);
    await refused(refresh(killed, person.refreshToken), 401, 'refresh_invalid');
  } finally {
    await killed.end();
  }
});

test('sessions are listed and ended by their owner alone', async () => {
  const person = await aldis.person('devices');
  const other = await aldis.person('other');
  const phone = await aldis.login(person.username, 'phone');
  const list = () => aldis.call<Session[]>('GET', '/auth/sessions', undefined, phone.token);
  const sessions = await list();
  expect(sessions.map(({ device, current }) => [device, current])).toEqual([
    ['phone', true],
    [undefined, false],
  ]);
  const first = sessions[1]!;
  await refused(
    aldis.request('DELETE', `/auth/sessions/${first.id}`, undefined, other.token),
    404,
    'not_found',
  );
  await refused(aldis.request('DELETE', '/auth/sessions/nonsense', undefined, phone.token), 404, 'not_found');
  expect((await aldis.request('DELETE', `/auth/sessions/${first.id}`, undefined, phone.token)).status).toBe(
    204,
  );
  await refused(
    aldis.request('DELETE', `/auth/sessions/${first.id}`, undefined, phone.token),
    404,
    'not_found',
  );
  await refused(aldis.request('GET', '/api/users/me', undefined, person.token), 401, 'session_revoked');
  expect(await list()).toHaveLength(1);
  expect((await post('/auth/logout', undefined, phone.token)).status).toBe(204);
  await refused(post('/auth/logout', undefined, phone.token), 401, 'session_revoked');
});

test('the token is a JWT that anybody can check', async () => {
  const { token, username, expiresAt } = await aldis.person('jwt');
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const decode = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const { alg, kid } = decode(header);
  expect(alg).toBe('EdDSA');
  const { keys } = await aldis.call<{ keys: (JsonWebKey & { kid: string })[] }>(
    'GET',
    '/.well-known/jwks.json',
  );
  const key = createPublicKey({ key: keys.find((key) => key.kid === kid)!, format: 'jwk' });
  expect(verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(
    true,
  );
  const claims = decode(payload);
  expect(claims).toEqual({
    sub: username,
    username,
    iat: expect.any(Number),
    exp: Date.parse(expiresAt) / 1000,
    iss: 'aldis',
    aud: 'aldis',
    jti: expect.any(String),
    sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect((claims['exp'] as number) - (claims['iat'] as number)).toBe(3600);
});

test('tokens that are none', async () => {
  const { token } = await aldis.person('forger');
  const me = (token?: string, headers = {}) =>
    aldis.request('GET', '/api/users/me', undefined, token, headers);
  await refused(me(), 401, 'token_required');
  await refused(me(undefined, { authorization: 'Basic YTpi' }), 401, 'token_required');
  const [header, payload, signature] = token.split('.') as [string, string, string];
  const none = Buffer.from('{"alg":"none","typ":"JWT","kid":"x"}').toString('base64url');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const other = Buffer.from(JSON.stringify({ ...claims, sub: 'root', username: 'root' })).toString(
    'base64url',
  );
  for (const forged of [
    'x',
    'a.b.c',
    `${none}.${payload}.`,
    `${none}.${payload}.${signature}`,
    `${header}.${other}.${signature}`,
    `${header}.${payload}.`,
    token.slice(0, -2),
  ]) {
    await refused(me(forged), 401, 'token_invalid');
  }
});

test('a token expires; the session goes on with the next one', async () => {
  const short = await Aldis.start(['--memory', '--token-lifetime', '2s']);
  try {
    const person = await short.person('expiring');
    let { token, refreshToken } = person;
    const me = () => short.request('GET', '/api/users/me', undefined, token);
    await expect(async () => {
      await refused(me(), 401, 'token_expired');
    }).toPass();
    // Again if a busy machine took longer than the next one lives.
    await expect(async () => {
      ({ token, refreshToken } = await short.call<LoggedIn>('POST', '/auth/refresh', { refreshToken }));
      expect((await me()).status).toBe(200);
    }).toPass();
  } finally {
    await short.end();
  }
});

test('a code expires', async () => {
  const short = await Aldis.start(['--memory', '--otp-lifetime', '1ms']);
  try {
    await short.call('POST', '/auth/register', { username: 'late', password: PASSWORD });
    await refused(
      short.request('POST', '/auth/verify', { username: 'late', otp: '123456' }),
      400,
      'otp_invalid',
    );
  } finally {
    await short.end();
  }
});

test('codes of the log channel are fresh and in the log', async () => {
  const logging = await Aldis.start(['--memory', '--otp-channel', 'log', '--log-format', 'json']);
  try {
    const codes = new Set<string>();
    for (const username of ['one', 'two', 'three']) {
      const { otp } = await logging.call<Registered>('POST', '/auth/register', {
        username,
        password: PASSWORD,
      });
      expect(otp.channel).toBe('log');
      await expect.poll(() => logging.log.some((line) => line.includes(`"${username}"`))).toBe(true);
      const line = JSON.parse(logging.log.find((line) => line.includes(`"${username}"`))!) as {
        code: string;
      };
      expect(line.code).toMatch(/^\d{6}$/);
      codes.add(line.code);
      await logging.call('POST', '/auth/verify', { username, otp: line.code });
    }
    expect(codes.size).toBe(3);
  } finally {
    await logging.end();
  }
});
