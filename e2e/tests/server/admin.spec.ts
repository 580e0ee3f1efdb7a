import { execFile } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join as path } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@playwright/test';

import type {
  AddedUser,
  AdminUser,
  AuditEntry,
  AuthSettings,
  Invite,
  LoggedIn,
  Message,
  Page,
  Report,
  ServerStats,
  User,
} from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, BINARY, PASSWORD, type Person, say } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { client, join } from '../../support/live.ts';

// Who is in charge: admins over HTTP, and the command line.

let aldis: Aldis;
let root: Person;
test.beforeAll(async () => {
  aldis = await Aldis.start();
  root = await aldis.admin('root');
});
test.afterAll(() => aldis.end());

const change = (who: Person, body: object) =>
  aldis.call<AdminUser>('PATCH', `/admin/users/${who.username}`, body, root.token);

/** What `aldis user` prints to standard error when it fails. */
const failed = (...command: string[]) =>
  new Promise<string>((done, wrong) => {
    execFile(BINARY, ['user', ...command], { env: {}, timeout: 20_000 }, (error, stdout, stderr) => {
      if (!error || stdout) wrong(new Error(`it did not fail: ${stdout}`));
      else done(stderr);
    });
  });

test('who is shut out is cut within a second and logs in again once they are let in', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const live = client(aldis.url, { token: ann.token });
  await join(live);
  const cut = new Promise((done) => live.socket.once('disconnect', done));
  const began = Date.now();
  expect(await change(ann, { disabled: true })).toMatchObject({ username: ann.username, disabled: true });
  await cut;
  expect(Date.now() - began).toBeLessThan(1000);
  live.socket.close();

  const login = (password: string) =>
    aldis.request('POST', '/auth/login', { username: ann.username, password });
  await refused(login(ann.password), 403, 'account_disabled');
  await refused(login('not the password'), 401, 'credentials_invalid');
  await refused(
    aldis.request('POST', '/auth/refresh', { refreshToken: ann.refreshToken }),
    401,
    'refresh_invalid',
  );
  // To others they are away.
  const socket = await aldis.connect({ token: bob.token });
  await say(socket, { receiver: ann.username, text: 'are you there?' });
  socket.close();
  const found = await aldis.call<Page<User>>('GET', `/api/users?query=${ann.username}`, undefined, bob.token);
  expect(found.items).toEqual([]);

  await change(ann, { disabled: false });
  const back = await aldis.login(ann.username);
  expect((await aldis.conversations(back)).map(({ lastMessage }) => lastMessage?.text)).toEqual([
    'are you there?',
  ]);
});

test('only admins who log in may do any of it, and the last one stays', async () => {
  const ann = await aldis.person('ann');
  const { token: program } = await aldis.call<{ token: string }>(
    'POST',
    '/auth/tokens',
    { name: 'bot' },
    root.token,
  );
  for (const token of [ann.token, program]) {
    await refused(aldis.request('GET', '/admin/users', undefined, token), 403, 'forbidden');
    await refused(
      aldis.request('PATCH', `/admin/users/${ann.username}`, { role: 'admin' }, token),
      403,
      'forbidden',
    );
  }
  for (const body of [{ role: 'member' }, { disabled: true }]) {
    await refused(
      aldis.request('PATCH', `/admin/users/${root.username}`, body, root.token),
      409,
      'last_admin',
    );
  }
  await change(ann, { role: 'admin' });
  expect((await aldis.call<User>('GET', '/api/users/me', undefined, ann.token)).role).toBe('admin');
  await change(ann, { role: 'member' });
  await refused(aldis.request('GET', '/admin/audit', undefined, ann.token), 403, 'forbidden');
});

test('the command line does the same while the server runs and while it does not', async () => {
  test.setTimeout(60_000);
  const own = await Aldis.start();
  try {
    expect(own.log.join('\n')).toContain('aldis user add NAME --admin');
    expect((await stat(path(own.data, 'admin.sock'))).mode & 0o777).toBe(0o600);
    const ann = await own.person('ann');
    const story = async () => {
      const password = path(own.data, 'password');
      await writeFile(password, 'a long enough password\n', { mode: 0o600 });
      const name = `eve-${await own.user('list', '--json').then((json) => (JSON.parse(json) as []).length)}`;
      const added = await own.user('add', name, '--password-file', password, '--display-name', 'Eve E.');
      expect(added).toBe(`made the account ${name}\n`);
      expect(await own.user('disable', ann.username)).toBe(`${ann.username} is shut out\n`);
      const shown = JSON.parse(await own.user('show', ann.username.toLowerCase(), '--json')) as AdminUser;
      expect(shown).toMatchObject({ username: ann.username, disabled: true, sessions: 0 });
      expect(await own.user('list', 'ann')).toContain('disabled');
      expect(await own.user('enable', ann.username)).toBe(`${ann.username} may log in again\n`);
      expect(await own.user('admin', ann.username)).toBe(`${ann.username} is an admin\n`);
      expect(await own.user('admin', ann.username, '--remove')).toBe(
        `${ann.username} is no admin any more\n`,
      );
      expect(await own.user('logout', ann.username)).toBe(`${ann.username} is logged out\n`);
      expect(await failed('show', 'no body/../x', '--data', own.data)).toBe(
        'aldis: There is no such user.\n',
      );
      expect(await failed('add', name, '--data', own.data)).toBe('aldis: Choose another username.\n');
    };
    const live = client(own.url, { token: ann.token });
    await join(live);
    const cut = new Promise((done) => live.socket.once('disconnect', done));
    await story();
    await cut;
    live.socket.close();
    await own.stop();
    await story();
    const { password } = JSON.parse(await own.user('add', 'boss', '--admin', '--json')) as AddedUser;
    await own.restart();
    // A server that was killed leaves its socket behind.
    await own.kill();
    await own.user('enable', ann.username);
    await own.restart();
    expect(await own.user('list')).toContain('boss');

    const boss = await own.call<{ token: string }>('POST', '/auth/login', { username: 'boss', password });
    const audit = await own.call<Page<AuditEntry>>('GET', '/admin/audit', undefined, boss.token);
    expect(audit.items.every(({ by }) => by === undefined)).toBe(true);
    expect(audit.items.slice(0, 2).map(({ action, username }) => [action, username])).toEqual([
      ['admin_added', 'boss'],
      ['user_added', 'boss'],
    ]);
    expect(audit.items).toHaveLength(2 + 2 * 6);
  } finally {
    await own.end();
  }
});

test('without a server the command line makes a folder only for a new account', async () => {
  const nowhere = path(aldis.data, 'nowhere');
  expect(await failed('list', '--data', nowhere)).toContain('there is no database in');
  expect(await failed('list', '--memory')).toContain('no data folder');
});

test('with registration = "invite" people register with a link that an admin made', async () => {
  const own = await Aldis.start([
    '--registration',
    'invite',
    '--public-url',
    'https://chat.example.org',
    '--unverified-lifetime',
    '10m',
  ]);
  try {
    const { password } = JSON.parse(await own.user('add', 'Boss', '--admin', '--json')) as AddedUser;
    const { token } = await own.call<{ token: string }>('POST', '/auth/login', {
      username: 'boss',
      password,
    });
    expect(await own.call<AuthSettings>('GET', '/auth/settings')).toEqual({
      registration: 'invite',
      otp: 'fixed',
      emailRequired: false,
      providers: [],
    });
    const register = (username: string, invite?: string) =>
      own.request('POST', '/auth/register', { username, password: PASSWORD, invite });
    await refused(register('ann'), 403, 'invite_invalid');
    await refused(register('ann', 'made-up'), 403, 'invite_invalid');
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const made = await own.request('POST', '/admin/invites', { uses: 1, expiresAt }, token);
    expect(made.status).toBe(201);
    const invite = (await made.json()) as Invite;
    expect(invite).toEqual({
      code: expect.stringMatching(/^[\w-]{22}$/),
      url: `https://chat.example.org/join/${invite.code}`,
      uses: 1,
      used: 0,
      createdBy: 'Boss',
      createdAt: expect.any(String),
      expiresAt,
    });
    expect((await register('ann', invite.code)).status).toBe(201);
    await own.call('POST', '/auth/verify', { username: 'ann', otp: '123456' });
    await refused(register('bob', invite.code), 403, 'invite_invalid');

    const unbounded = await own.call<Invite>('POST', '/admin/invites', undefined, token);
    const listed = await own.call<Page<Invite>>('GET', '/admin/invites', undefined, token);
    expect(listed.items).toEqual([unbounded, { ...invite, used: 1 }]);
    const taken = await own.request('DELETE', `/admin/invites/${unbounded.code}`, undefined, token);
    expect(taken.status).toBe(204);
    await refused(register('bob', unbounded.code), 403, 'invite_invalid');
    // The log names an invite, and nobody can register with what it says.
    const audit = await own.call<Page<AuditEntry>>('GET', '/admin/audit', undefined, token);
    expect(audit.items[0]).toMatchObject({ action: 'invite_removed', details: unbounded.code.slice(0, 6) });
  } finally {
    await own.end();
  }
});

test('with registration = "closed" only admins make accounts', async () => {
  const own = await Aldis.start(['--registration', 'closed']);
  try {
    const { password } = JSON.parse(await own.user('add', 'Boss', '--admin', '--json')) as AddedUser;
    const { token } = await own.call<{ token: string }>('POST', '/auth/login', {
      username: 'boss',
      password,
    });
    const ann = { username: 'ann', password: PASSWORD };
    await refused(own.request('POST', '/auth/register', ann), 403, 'registration_closed');
    const added = await own.call<AddedUser>('POST', '/admin/users', ann, token);
    expect(added).toMatchObject({ user: { username: 'ann', verified: true } });
    expect(added.password).toBeUndefined();
    await own.login('ann');
    const live = client(own.url, { token });
    await join(live);
    expect(await own.call<ServerStats>('GET', '/admin/stats', undefined, token)).toMatchObject({
      people: 2,
      verified: 2,
      disabled: 0,
      messages: 0,
      sessions: 2,
      sockets: 1,
    });
    live.socket.close();
  } finally {
    await own.end();
  }
});

test('a reported message is read with consent and removed for everybody', async () => {
  const [ann, eve] = [await aldis.person('ann'), await aldis.person('eve')];
  const send = (text: string) =>
    aldis.call<Message>('POST', '/api/messages', { receiver: ann.username, text }, eve.token);
  await send('hello');
  const spam = await send('buy this');
  const report = (body: object) =>
    aldis.request(
      'POST',
      '/api/reports',
      { conversationId: spam.conversationId, messageId: spam.id, ...body },
      ann.token,
    );
  expect((await report({})).status).toBe(204);
  expect((await report({ context: true, reason: 'Spam' })).status).toBe(204);
  const list = async () =>
    (await aldis.call<Page<Report>>('GET', '/admin/reports', undefined, root.token)).items.slice(0, 2);
  const [shown, bare] = await list();
  expect(bare).toMatchObject({ by: ann.username, username: eve.username, messageId: spam.id });
  expect(bare).not.toHaveProperty('context');
  expect(shown).toMatchObject({
    reason: 'Spam',
    context: [{ text: 'hello' }, { id: spam.id, text: 'buy this', sender: eve.username }],
  });

  // The admin is no member, and reads and deletes nothing else.
  const path = `/api/conversations/${spam.conversationId}/messages`;
  await refused(aldis.request('GET', path, undefined, root.token), 404, 'not_found');
  await refused(aldis.request('DELETE', `${path}/${spam.id}`, undefined, root.token), 404, 'not_found');
  const live = client(aldis.url, { token: ann.token });
  await join(live);
  const updated = new Promise<Message>((done) => live.socket.once('message:updated', done));
  const remove = () => aldis.request('DELETE', `/admin/reports/${shown!.id}/message`, undefined, root.token);
  expect((await remove()).status).toBe(204);
  expect(await updated).toMatchObject({ id: spam.id, text: '', deletedAt: expect.any(String) });
  live.socket.close();
  await refused(remove(), 409, 'message_deleted');
  for (const { token } of [ann, eve]) {
    expect((await aldis.messages({ token }, spam.conversationId)).map(({ text }) => text)).toEqual([
      'hello',
      '',
    ]);
  }

  const resolve = (resolved: boolean) =>
    aldis.call<Report>('PATCH', `/admin/reports/${shown!.id}`, { resolved }, root.token);
  expect(await resolve(true)).toMatchObject({ resolvedBy: root.username, removedAt: expect.any(String) });
  const { items } = await aldis.call<Page<AuditEntry>>('GET', '/admin/audit', undefined, root.token);
  expect(items.slice(0, 2)).toMatchObject([
    { action: 'report_resolved', by: root.username, username: eve.username, details: shown!.id },
    { action: 'message_removed', by: root.username, username: eve.username, details: shown!.id },
  ]);
  expect(JSON.stringify(items)).not.toContain('buy this');
  expect(await resolve(false)).not.toHaveProperty('resolvedAt');
});

test('a lost password is set anew with a code of an admin, and an account is deleted', async () => {
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const socket = await aldis.connect({ token: bob.token });
  await say(socket, { receiver: ann.username, text: 'this is spam' });
  socket.close();
  const { otp } = await aldis.call<{ otp: string }>(
    'POST',
    `/admin/users/${ann.username}/reset`,
    undefined,
    root.token,
  );
  const reset = { username: ann.username, otp, newPassword: 'another password' };
  expect((await aldis.request('POST', '/auth/reset', reset)).status).toBe(204);
  await refused(aldis.request('GET', '/api/users/me', undefined, ann.token), 401, 'session_revoked');
  await refused(
    aldis.request('DELETE', `/admin/users/${root.username}`, undefined, root.token),
    409,
    'last_admin',
  );
  const removed = `/admin/users/${bob.username}?messages=delete`;
  expect((await aldis.request('DELETE', removed, undefined, root.token)).status).toBe(204);
  await refused(aldis.request('GET', '/api/users/me', undefined, bob.token), 401, 'session_revoked');
  const back = await aldis.call<LoggedIn>('POST', '/auth/login', {
    username: ann.username,
    password: 'another password',
  });
  await expect
    .poll(async () => {
      const [conversation] = await aldis.conversations(back);
      return (await aldis.messages(back, conversation!.id)).map(({ text }) => text);
    })
    .toEqual(['']);
  const { items } = await aldis.call<Page<AuditEntry>>('GET', '/admin/audit', undefined, root.token);
  expect(items.slice(0, 2).map(({ action, username, by }) => ({ action, username, by }))).toEqual([
    { action: 'user_deleted', username: bob.username, by: root.username },
    { action: 'user_reset', username: ann.username, by: root.username },
  ]);
});

test('the command line resets and deletes, also without a server', async () => {
  const own = await Aldis.start();
  try {
    const ann = await own.person('ann');
    const user = (...command: string[]) =>
      promisify(execFile)(BINARY, ['user', ...command, '--data', own.data], { env: {}, timeout: 20_000 });
    const code = (await user('reset', ann.username)).stdout.trim();
    expect(code).toMatch(/^\d{6}$/);
    const reset = { username: ann.username, otp: code, newPassword: 'another password' };
    expect((await own.request('POST', '/auth/reset', reset)).status).toBe(204);
    const archive = path(own.data, 'ann.zip');
    const exported = () =>
      promisify(execFile)(BINARY, ['export', '--user', ann.username, archive, '--data', own.data], {
        env: {},
        timeout: 20_000,
      });
    for (const serving of [true, false]) {
      if (!serving) await own.stop();
      await exported();
      const bytes = await readFile(archive);
      expect(bytes.subarray(0, 4).toString()).toBe('PK\x03\x04');
      expect(bytes.includes('profile.json')).toBe(true);
      // Nothing is overwritten.
      await expect(exported()).rejects.toThrow('File exists');
      await rm(archive);
    }
    await user('delete', ann.username, '--delete-messages');
    const { stdout } = await user('show', ann.username, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ username: ann.username, deleted: true });
  } finally {
    await own.end();
  }
});
