import { execFile } from 'node:child_process';
import { stat, writeFile } from 'node:fs/promises';
import { join as path } from 'node:path';

import { expect, test } from '@playwright/test';

import type { AddedUser, AdminUser, AuditEntry, Page, User } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, BINARY, type Person, say } from '../../support/aldis.ts';
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
