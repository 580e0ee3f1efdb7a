/** The server for a club that `docs/operating.md` sets up, and what its operator does in the first weeks. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@playwright/test';

import type { Invite, LoggedIn } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, BINARY, PASSWORD, say } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import { codeOf, MailServer } from '../../support/mail.ts';

const DOCS = resolve(import.meta.dirname, '../../../docs/operating.md');

/** A block of code of the page, without what it is indented by. */
function block(page: string, language: string): string {
  const section = /## A server for a club[^]*?\n## /.exec(page)![0];
  const [, code] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(section)!;
  return code!.replaceAll(/^ {3}/gm, '');
}

test('a club has a server in ten minutes, and its operator is in charge', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'aldis-club-'));
  const mails = new MailServer({ onAuth: (_, __, done) => done(null, { user: 'chat' }) });
  const page = await readFile(DOCS, 'utf8');
  const [settings, commands] = [block(page, 'toml'), block(page, 'sh')];
  const config = join(folder, 'aldis.toml');
  const changes: [string, string][] = [
    ['"/var/lib/aldis"', JSON.stringify(join(folder, 'data'))],
    // The mail server of the test is on this machine, and in the clear.
    ['@mail.club.example:587', `@127.0.0.1:${await mails.listen()}`],
    ['/etc/aldis/smtp-password', join(folder, 'smtp-password')],
  ];
  let text = settings;
  for (const [from, to] of changes) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  await writeFile(config, text);
  await writeFile(join(folder, 'smtp-password'), 'secret\n', { mode: 0o600 });
  let aldis: Aldis | undefined;
  try {
    const [add, serve] = commands.trim().split('\n');
    const words = (command: string) => command.replace('/etc/aldis/aldis.toml', config).split(' ').slice(1);
    const made = await promisify(execFile)(BINARY, words(add!), { env: {}, timeout: 20_000 });
    const password = /[a-z0-9-]{20,}/.exec(made.stdout)![0];
    expect(words(serve!)[0]).toBe('serve');
    aldis = await Aldis.start(words(serve!).slice(1), join(folder, 'data'));
    const login = (username: string, word: string) =>
      aldis!.call<LoggedIn>('POST', '/auth/login', { username, password: word });
    const root = await login('root', password);

    // Invites people.
    const register = (invite?: string) =>
      aldis!.request('POST', '/auth/register', {
        username: 'Ann',
        password: PASSWORD,
        email: 'ann@club.example',
        invite,
      });
    await refused(register(), 403, 'invite_invalid');
    const invite = await aldis.call<Invite>('POST', '/admin/invites', { uses: 2 }, root.token);
    expect(invite.url).toBe(`https://chat.club.example/join/${invite.code}`);
    expect((await register(invite.code)).status).toBe(201);
    const verifying = { username: 'ann', otp: codeOf(await mails.mail(0)) };
    await aldis.call('POST', '/auth/verify', verifying);
    const ann = await login('ann', PASSWORD);

    // Somebody forgets their password.
    await aldis.call('POST', '/auth/forgot', { email: 'ann@club.example' });
    const reset = { username: 'ann', otp: codeOf(await mails.mail(1)), newPassword: 'another password' };
    await aldis.call('POST', '/auth/reset', reset);
    await refused(aldis.request('GET', '/api/users/me', undefined, ann.token), 401, 'session_revoked');
    const back = await login('ann', 'another password');

    // Somebody sends spam, and is gone.
    const socket = await aldis.connect({ token: back.token });
    const { id } = await say(socket, { receiver: 'root', text: 'buy this' });
    const cut = new Promise((done) => socket.once('disconnect', done));
    const admin = (method: string, path: string, body?: object) =>
      aldis!.request(method, path, body, root.token);
    expect((await admin('PATCH', '/admin/users/ann', { disabled: true })).status).toBe(200);
    await cut;
    socket.close();
    await refused(
      aldis.request('POST', '/auth/login', { username: 'ann', password: 'another password' }),
      403,
      'account_disabled',
    );
    expect((await aldis.request('GET', '/auth/export', undefined, root.token)).status).toBe(200);
    expect((await admin('DELETE', '/admin/users/ann?messages=delete')).status).toBe(204);
    const [conversation] = await aldis.conversations(root);
    await expect
      .poll(async () => (await aldis!.messages(root, conversation!.id)).find((one) => one.id === id)?.text)
      .toBe('');
  } finally {
    await aldis?.stop();
    await mails.close();
    await rm(folder, { recursive: true, force: true });
  }
});
