import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join as path, resolve } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@playwright/test';
import { SignJWT, UnsecuredJWT } from 'jose';

import type { RenewedAuth, Reply, User } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, BINARY, say } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { Issuer, signingKey } from '../../support/issuer.ts';
import { client, join, next, refusedConnect } from '../../support/live.ts';
import { Server } from '../../support/process.ts';

// People of a host application, who come with tokens that it signs.

let aldis: Aldis;
let issuer: Issuer;
test.beforeAll(async () => {
  issuer = await Issuer.start(
    await signingKey('EdDSA', 'ed'),
    await signingKey('ES256', 'ec'),
    await signingKey('RS256', 'rsa'),
  );
  aldis = await Aldis.start(await issuer.trusted('name-claim = "name"\n'));
});
test.afterAll(async () => {
  await aldis.end();
  await issuer.end();
});

const me = (token: string) => aldis.request('GET', '/api/users/me', undefined, token);

test('two people of an application chat, by keys of each kind', async () => {
  for (const key of issuer.keys) {
    const [ann, bob] = [`Ann-${key.kid}`, `bob-${key.kid}`];
    const annsToken = await issuer.token(ann, 600, { name: 'Ann B.' }, key);
    expect((await (await me(annsToken)).json()) as User).toMatchObject({
      username: ann,
      displayName: 'Ann B.',
      role: 'member',
    });
    const bobs = client(aldis.url, { token: await issuer.token(bob, 600, {}, key) });
    await join(bobs);
    const anns = await aldis.connect({ token: annsToken });
    await say(anns, { receiver: bob.toUpperCase(), text: 'Hello' });
    expect((await bobs.messages.reaches(1))[0]).toMatchObject({ sender: ann, text: 'Hello' });
    anns.close();
    bobs.socket.close();
  }
});

test('what such a token may not do, and how its person is called', async () => {
  const token = await issuer.token('eve', 600, { name: 'Eve' });
  for (const [method, route] of [
    ['GET', '/auth/sessions'],
    ['GET', '/auth/tokens'],
    ['POST', '/auth/logout'],
  ] as const) {
    await refused(aldis.request(method, route, undefined, token), 403, 'forbidden');
  }
  const renamed = aldis.request('PATCH', '/api/users/me', { displayName: 'Other' }, token);
  expect((await refused(renamed, 403, 'forbidden')).field).toBe('displayName');
  const login = aldis.request('POST', '/auth/login', { username: 'eve', password: '' });
  await refused(login, 401, 'credentials_invalid');
});

test('tokens that are not good', async () => {
  const [ed] = issuer.keys;
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer.name, aud: 'chat', sub: 'mallory', iat: now, exp: now + 600 };
  const secret = new TextEncoder().encode(JSON.stringify(ed!.jwk));
  const stranger = await signingKey('EdDSA', 'ed');
  for (const [code, token] of [
    ['token_invalid', new UnsecuredJWT(claims).encode()],
    ['token_invalid', await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'ed' }).sign(secret)],
    ['token_invalid', await issuer.token('mallory', 600, {}, stranger)],
    ['token_invalid', await issuer.token('mallory', 600, { aud: 'shop' })],
    ['token_invalid', await issuer.token('mallory', 600, { iss: 'https://other.example' })],
    ['token_invalid', await issuer.token('mallory', 600, { nbf: now + 120 })],
    ['token_invalid', await issuer.token('mallory', 100_000)],
    ['token_invalid', await issuer.token('m@llory')],
    ['token_expired', await issuer.token('mallory', -1)],
  ] as const) {
    await refused(me(token), 401, code);
    expect((await refusedConnect(client(aldis.url, { token }))).message).toBe(code);
  }
  const anybody = await aldis.person('ann');
  await refused(aldis.request('GET', '/api/users/mallory', undefined, anybody.token), 404, 'not_found');
});

test('nobody who registered is taken over', async () => {
  const ann = await aldis.person('ann');
  const token = await issuer.token(ann.username);
  await refused(me(token), 403, 'account_unavailable');
  expect((await refusedConnect(client(aldis.url, { token }))).message).toBe('account_unavailable');
});

test('a socket lives a minute longer than its token, and a newer token prolongs it', async () => {
  const sockets = await Promise.all(
    ['fay', 'gil'].map(async (name) => {
      const one = client(aldis.url, { token: await issuer.token(name, 3) }, { reconnection: false });
      await join(one);
      return one;
    }),
  );
  const [fay, gil] = sockets as [(typeof sockets)[0], (typeof sockets)[0]];
  const renew = async (one: typeof fay, token: string) =>
    (await one.socket.timeout(10_000).emitWithAck('auth:renew', { token })) as Reply<RenewedAuth>;

  const seconds = Math.floor(Date.now() / 1000) + 900;
  const renewed = await renew(fay, await issuer.token('fay', 600, { exp: seconds }));
  expect(renewed).toEqual({ status: 'ok', data: { expiresAt: new Date(seconds * 1000).toISOString() } });
  const others = await renew(fay, await issuer.token('gil'));
  expect(others).toMatchObject({ status: 'error', error: { code: 'token_invalid', field: 'token' } });
  const person = await aldis.connect(await aldis.person('ann'));
  expect(await person.emitWithAck('auth:renew', { token: await issuer.token('fay') })).toMatchObject({
    status: 'error',
    error: { code: 'forbidden' },
  });
  person.close();

  const started = Date.now();
  const why = new Promise<unknown>((done) =>
    gil.socket.once('disconnect', (_, details) =>
      done((details as { context?: { reason: string } }).context?.reason),
    ),
  );
  expect(await why).toBe('token_expired');
  expect(Date.now() - started).toBeGreaterThan(55_000);
  expect(fay.socket.connected).toBe(true);
  gil.socket.connect();
  expect((await next<Error>(gil, 'connect_error')).message).toBe('token_expired');
  for (const { socket } of sockets) socket.close();
});

test('people keep their accounts when the server starts anew', async () => {
  const { createdAt } = (await (await me(await issuer.token('kay'))).json()) as User;
  await aldis.stop();
  await aldis.restart();
  expect(await (await me(await issuer.token('kay'))).json()).toMatchObject({ username: 'kay', createdAt });
});

test('a new key is taken, one that is gone is not, and without any keys one is asked to wait', async () => {
  const [old, fresh] = [await signingKey('EdDSA', 'old'), await signingKey('ES256', 'fresh')];
  const app = await Issuer.start(old);
  const flags = await app.trusted();
  const other = await Aldis.start(flags);
  const status = async (key: typeof old) =>
    (await other.request('GET', '/api/users/me', undefined, await app.token('ann', 600, {}, key))).status;
  expect(await status(old)).toBe(200);
  app.keys = [fresh];
  // A key that nobody knows yet is asked for once in ten seconds.
  await expect.poll(() => status(fresh), { timeout: 20_000 }).toBe(200);
  expect(await status(old)).toBe(401);
  await app.goAway();
  await other.kill();
  await other.restart();
  const answer = await other.request('GET', '/api/users/me', undefined, await app.token('ann'));
  expect((await refused(Promise.resolve(answer), 503, 'issuer_unavailable')).retryable).toBe(true);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(other.log.join('\n')).toContain('the keys of an issuer cannot be fetched');
  await other.end();
  await app.end();
});

test('keys come over HTTPS from a host whose certificate the machine trusts, and from no other', async () => {
  const run = promisify(execFile);
  const folder = await mkdtemp(path(tmpdir(), 'aldis-tls-'));
  const [key, certificate] = [path(folder, 'key.pem'), path(folder, 'certificate.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const name = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'basicConstraints=CA:FALSE',
    '-addext',
    'subjectAltName=DNS:localhost',
  ];
  await run('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', certificate]);
  const jwks = JSON.stringify({ keys: issuer.keys.map(({ jwk }) => jwk) });
  const tls = { key: await readFile(key), cert: await readFile(certificate) };
  const server = createServer(tls, (_, response) => response.end(jwks)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const table = { issuer: issuer.name, audience: 'chat', 'jwks-url': `https://localhost:${port}/` };
  for (const [trusted, status] of [
    [{ SSL_CERT_FILE: certificate }, 200],
    [{}, 503],
  ] as const) {
    const env = { ...trusted, ALDIS_TRUSTED_ISSUER: JSON.stringify(table) };
    const args = ['serve', '--memory', '--listen', '127.0.0.1:0', '--metrics-listen', 'off'];
    const one = await Server.start(BINARY, args, env);
    const authorization = `Bearer ${await issuer.token('ann')}`;
    const answer = await fetch(`${one.url}/api/users/me`, { headers: { authorization } });
    await one.stop();
    expect(answer.status, one.log.join('\n')).toBe(status);
  }
  server.close();
  await rm(folder, { recursive: true });
});

test('the settings are printed, and bad ones are refused with a reason', async () => {
  const run = promisify(execFile);
  const [, file] = await issuer.trusted();
  const { stdout } = await run(BINARY, ['config', '--config', file!], { env: {} });
  expect(stdout).toMatch(/trusted-issuer = \[\{.*issuer = "https:\/\/app\.example".*\}\].* # file /);
  // That of the documentation, too.
  const embedding = await readFile(resolve(import.meta.dirname, '../../../docs/embedding.md'), 'utf8');
  await writeFile(file!, /```toml\n([^]*?)```/.exec(embedding)![1]!);
  const documented = await run(BINARY, ['config', '--config', file!], { env: {} });
  expect(documented.stdout).toContain('name-claim = "name"');
  const json = JSON.stringify([{ issuer: 'app', audience: 'chat', 'jwks-file': 'there-is-none.json' }]);
  const serve = (trusted: string) =>
    run(BINARY, ['serve', '--memory', '--listen', '127.0.0.1:0', '--metrics-listen', 'off'], {
      env: { ALDIS_TRUSTED_ISSUER: trusted },
    }).catch((error: { stderr: string }) => error.stderr);
  expect(await serve(json)).toContain('there-is-none.json');
  for (const [bad, reason] of [
    [json.replace('jwks-file', 'jwks-url'), 'https://'],
    [json.replace('"app"', '"aldis"'), 'this server'],
    [json.replace('audience', 'audiences'), 'audiences'],
    ['app', 'JSON'],
  ] as const) {
    expect(await serve(bad)).toContain(reason);
  }
});
