/** One-time codes by e-mail, through a real mail server, and by a webhook. */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

import type { LoggedIn, Registered, Verified } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, BINARY, PASSWORD } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { certificate, codeOf, MailServer } from '../../support/mail.ts';
import { Server } from '../../support/process.ts';

const OTHER = 'another password';

let folder: string;
let mails: MailServer;
const servers: Aldis[] = [];

test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aldis-mail-'));
  mails = new MailServer();
});

test.afterEach(async () => {
  await Promise.all(servers.splice(0).map((aldis) => aldis.end()));
  await mails.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(url: string, flags: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Aldis> {
  const channel = ['--otp-channel', 'email', '--smtp-from', 'Chess Club <chat@club.example>'];
  const aldis = await Aldis.start([...channel, '--smtp-url', url, ...flags], undefined, env);
  servers.push(aldis);
  return aldis;
}

const register = (aldis: Aldis, username: string, email = `${username}@example.org`, language = 'en') =>
  aldis.request('POST', '/auth/register', { username, password: PASSWORD, email }, undefined, {
    'accept-language': language,
  });

test('a code goes to the address, in the language of who asks', async () => {
  const aldis = await start(`smtp://localhost:${await mails.listen()}`);
  await refused(
    aldis.request('POST', '/auth/register', { username: 'Ann', password: PASSWORD }),
    422,
    'invalid',
  );
  const registered = await register(aldis, 'Ann', 'Ann@example.org', 'de-AT, en;q=0.5');
  expect(registered.status).toBe(201);
  expect(((await registered.json()) as Registered).otp.channel).toBe('email');
  const mail = await mails.mail(0);
  expect(mail.recipient).toBe('Ann@example.org');
  expect(mail.from).toEqual({ name: 'Chess Club', address: 'chat@club.example' });
  expect(mail.subject).toBe('Dein Code für Chess Club');
  expect(mail.text).toContain('Konto Ann auf Chess Club');
  const code = codeOf(mail);
  expect(mail.html).toContain(`>${code}</p>`);
  // Nothing is loaded from anywhere, so nobody learns who has read it.
  expect(mail.html).not.toMatch(/https?:|<img|url\(/);
  // It is stored nowhere in clear, and not logged.
  for (const file of ['aldis.db', 'aldis.db-wal'])
    expect((await readFile(join(aldis.data, file))).includes(code)).toBe(false);
  expect(aldis.log.join('\n')).not.toContain(code);
  await refused(
    aldis.request('POST', '/auth/verify', { username: 'ann', otp: '000000' }),
    400,
    'otp_invalid',
  );
  const verified = await aldis.call<Verified>('POST', '/auth/verify', { username: 'ann', otp: code });
  expect(verified.user.username).toBe('Ann');
});

test('a forgotten password is set anew, and its sessions are cut', async () => {
  const aldis = await start(`smtp://localhost:${await mails.listen()}`);
  await register(aldis, 'Ann');
  await aldis.call('POST', '/auth/verify', { username: 'ann', otp: codeOf(await mails.mail(0)) });
  const { token, refreshToken } = await aldis.login('ann');
  const socket = await aldis.connect({ token });
  const cut = new Promise((done) => socket.once('disconnect', done));
  // Nobody, and nobody's address, are answered alike.
  const answers = await Promise.all(
    [{ email: 'ann@EXAMPLE.org' }, { email: 'bob@example.org' }, { username: 'bob' }].map(async (body) => {
      const answer = await aldis.request('POST', '/auth/forgot', body);
      const headers = [...answer.headers].filter(([name]) => name !== 'date');
      return { status: answer.status, headers, text: await answer.text() };
    }),
  );
  expect(answers[0]!.status).toBe(202);
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  const mail = await mails.mail(1);
  expect(mail.subject).toBe('A new password for Chess Club');
  const reset = (otp: string, newPassword: string) =>
    aldis.request('POST', '/auth/reset', { username: 'Ann', otp, newPassword });
  await refused(reset(codeOf(mail), 'password1'), 422, 'invalid');
  await refused(reset('000000', OTHER), 400, 'otp_invalid');
  expect((await reset(codeOf(mail), OTHER)).status).toBe(204);
  await refused(reset(codeOf(mail), OTHER), 400, 'otp_invalid');
  await cut;
  socket.close();
  await refused(aldis.request('GET', '/api/users/me', undefined, token), 401, 'session_revoked');
  await refused(aldis.request('POST', '/auth/refresh', { refreshToken }), 401, 'refresh_invalid');
  await refused(
    aldis.request('POST', '/auth/login', { username: 'ann', password: PASSWORD }),
    401,
    'credentials_invalid',
  );
  await aldis.call<LoggedIn>('POST', '/auth/login', { username: 'ann', password: OTHER });
  expect((await mails.mail(2)).subject).toBe('Your password for Chess Club has changed');
});

test('a changed password leaves this session alone', async () => {
  const aldis = await Aldis.start();
  servers.push(aldis);
  const ann = await aldis.person('ann');
  const other = await aldis.login(ann.username);
  const change = (password: string, newPassword: string) =>
    aldis.request('POST', '/auth/password', { password, newPassword }, ann.token);
  await refused(change('not the password', OTHER), 401, 'credentials_invalid');
  await refused(change(PASSWORD, 'Qwertyuiop'), 422, 'invalid');
  expect((await change(PASSWORD, OTHER)).status).toBe(204);
  await aldis.call('GET', '/api/users/me', undefined, ann.token);
  await refused(aldis.request('GET', '/api/users/me', undefined, other.token), 401, 'session_revoked');
});

test('another address is taken once its code is entered, and the old one is told', async () => {
  const aldis = await start(`smtp://localhost:${await mails.listen()}`);
  await register(aldis, 'Ann', 'old@example.org');
  await aldis.call('POST', '/auth/verify', { username: 'ann', otp: codeOf(await mails.mail(0)) });
  const { token } = await aldis.login('ann');
  const change = (password: string) =>
    aldis.request('POST', '/auth/email', { password, email: 'new@example.org' }, token);
  await refused(change('not the password'), 401, 'credentials_invalid');
  expect((await change(PASSWORD)).status).toBe(202);
  await mails.mail(2);
  const [told, code] = mails.arrived.slice(1).sort((a, b) => b.recipient.localeCompare(a.recipient));
  expect([told!.recipient, code!.recipient]).toEqual(['old@example.org', 'new@example.org']);
  expect(told!.text).not.toMatch(/\d{6}/);
  const verify = (otp: string) => aldis.request('POST', '/auth/email/verify', { otp }, token);
  await refused(verify('000000'), 400, 'otp_invalid');
  const { user } = (await (await verify(codeOf(code!))).json()) as Verified;
  expect(user.email).toBe('new@example.org');
});

test('a mail server that is slow or away holds nobody up, and a crash loses no code', async () => {
  const port = await mails.listen();
  const aldis = await start(`smtp://localhost:${port}`);
  let letGo!: () => void;
  mails.held = new Promise((done) => (letGo = done));
  // The mail of the first is held back while the others are answered.
  for (const name of ['Ann', 'Bob', 'Cat']) expect((await register(aldis, name)).status).toBe(201);
  letGo();
  await mails.mail(2);
  expect(mails.arrived.map(({ recipient }) => recipient).sort()).toEqual(
    ['Ann', 'Bob', 'Cat'].map((name) => `${name}@example.org`),
  );
  await mails.close();
  expect((await register(aldis, 'Dan')).status).toBe(201);
  await expect.poll(() => aldis.log.join('\n')).toContain('a notice was not sent; it is tried again');
  await aldis.kill();
  mails = new MailServer();
  await mails.listen(port);
  await aldis.restart();
  const mail = await mails.mail(0);
  expect(mail.recipient).toBe('Dan@example.org');
  await aldis.call('POST', '/auth/verify', { username: 'dan', otp: codeOf(mail) });
});

test('an address that is refused is given up, and the next one is served', async () => {
  await mails.close();
  mails = new MailServer({
    onRcptTo: ({ address }, _, done) =>
      done(
        address.startsWith('nobody') ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null,
      ),
  });
  const aldis = await start(`smtp://localhost:${await mails.listen()}`);
  await register(aldis, 'nobody');
  await register(aldis, 'Ann');
  expect((await mails.mail(0)).recipient).toBe('Ann@example.org');
  await expect.poll(() => aldis.log.join('\n')).toContain('a notice was not sent and is given up');
  expect(aldis.log.join('\n')).not.toContain('nobody@example.org');
});

test('STARTTLS and a password, with a certificate that is checked', async () => {
  const { key, cert, file } = await certificate(folder);
  const password = randomBytes(12).toString('hex');
  await writeFile(join(folder, 'password'), `${password}\n`);
  await mails.close();
  mails = new MailServer({
    key,
    cert,
    authOptional: false,
    onAuth: (auth, _, done) =>
      auth.username === 'chat@club' && auth.password === password
        ? done(null, { user: 'chat' })
        : done(new Error('no')),
  });
  const url = `smtp://chat%40club@localhost:${await mails.listen()}?starttls`;
  const flags = ['--smtp-password-file', join(folder, 'password')];
  const wary = await start(url, flags);
  await register(wary, 'Ann');
  await expect.poll(() => wary.log.join('\n')).toContain('a notice was not sent; it is tried again');
  expect(mails.arrived).toEqual([]);
  const aldis = await start(url, flags, { SSL_CERT_FILE: file });
  await register(aldis, 'Ann');
  expect((await mails.mail(0)).secure).toBe(true);
  for (const server of [wary, aldis]) expect(server.log.join('\n')).not.toContain(password);
});

test('what is missing for e-mail or a webhook is said at the start', async () => {
  for (const [flags, says] of [
    [['email'], '--smtp-url'],
    [['email', '--smtp-url', 'smtp://localhost'], '--smtp-from'],
    [['email', '--smtp-url', 'smtp://ann@localhost', '--smtp-from', 'a@b.example'], '--smtp-password-file'],
    [['email', '--smtp-url', 'smtp://localhost', '--smtp-from', 'nobody'], 'smtp-from'],
    [['email', '--smtp-url', 'smtp://ann:secret@localhost'], '--smtp-password-file'],
    [['webhook'], '--otp-webhook-url'],
    [['webhook', '--otp-webhook-url', 'http://sms.example'], 'https://'],
    [['webhook', '--otp-webhook-url', 'https://sms.example'], '--otp-webhook-secret-file'],
  ] as const) {
    const started = Server.start(BINARY, [
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--memory',
      '--otp-channel',
      ...flags,
    ]);
    await expect(started, flags.join(' ')).rejects.toThrow(says);
    await expect(started).rejects.not.toThrow(/:secret/);
  }
});

test('a webhook gets codes, signed, and again when it fails', async () => {
  const secret = randomBytes(32);
  const posts: { body: string; headers: Record<string, string> }[] = [];
  let failures = 1;
  const gateway = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray()).toString();
      posts.push({ body, headers: request.headers as Record<string, string> });
      response.writeHead(failures-- > 0 ? 500 : 204).end();
    })();
  });
  await new Promise<void>((done) => gateway.listen(0, '127.0.0.1', done));
  try {
    const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/sms`;
    const flags = ['--otp-channel', 'webhook', '--otp-webhook-url', url];
    const env = { ALDIS_OTP_WEBHOOK_SECRET: `whsec_${secret.toString('base64')}` };
    const aldis = await Aldis.start(flags, undefined, env);
    servers.push(aldis);
    const registering = await aldis.request('POST', '/auth/register', {
      username: 'Ann',
      password: PASSWORD,
    });
    expect(registering.status).toBe(201);
    await expect.poll(() => posts.length, { timeout: 20_000 }).toBe(2);
    const codes = posts.map(({ body, headers }) => {
      const id = headers['webhook-id']!;
      const signed = `${id}.${headers['webhook-timestamp']}.${body}`;
      const signature = createHmac('sha256', secret).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${signature}`);
      const { type, data } = JSON.parse(body) as { type: string; data: Record<string, string> };
      expect(type).toBe('verify');
      expect(data).toMatchObject({ username: 'Ann', displayName: 'Ann', language: 'en' });
      return data['code']!;
    });
    expect(posts[0]!.headers['webhook-id']).not.toBe(posts[1]!.headers['webhook-id']);
    // The code of the try that failed is no longer good.
    if (codes[0] !== codes[1])
      await refused(
        aldis.request('POST', '/auth/verify', { username: 'ann', otp: codes[0] }),
        400,
        'otp_invalid',
      );
    await aldis.call('POST', '/auth/verify', { username: 'ann', otp: codes[1] });
  } finally {
    gateway.close();
  }
});
