import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

import { expect, test } from '@playwright/test';

import type { ApiToken, Message } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, PASSWORD, type Person, say } from '../../support/aldis.ts';
import { Inbox } from '../../support/live.ts';

// The examples, and the client in the README, run as their readers would.

/** Programs take their time to start where others are busy, too. */
const eventually = expect.configure({ timeout: 20_000 });

const repository = resolve(import.meta.dirname, '../../..');
const e2e = join(repository, 'e2e');

/** A copy of the examples with the libraries that they need, in which they may keep their cursors. */
let folder: string;
test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aldis-examples-'));
  const filter = (path: string) => !path.includes('node_modules');
  await cp(join(repository, 'examples'), folder, { recursive: true, filter });
  await symlink(join(e2e, 'node_modules'), join(folder, 'javascript/node_modules'));
});
test.afterAll(() => rm(folder, { recursive: true, force: true }));

/** An example while it runs. */
class Program {
  readonly lines = new Inbox<string>();
  readonly errors: string[] = [];
  private constructor(private readonly process: ChildProcess) {
    createInterface({ input: process.stdout! }).on('line', (line) => this.lines.add(line));
    createInterface({ input: process.stderr! }).on('line', (line) => this.errors.push(line));
  }

  static start(
    [command, ...args]: string[],
    { cwd = folder, input = '', ...env }: Record<string, string> = {},
  ): Program {
    const child = spawn(command!, args, { cwd, env: { PATH: process.env['PATH'], ...env }, stdio: 'pipe' });
    Readable.from([input]).pipe(child.stdin);
    return new Program(child);
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended();
  }

  /** Its exit code, once it has ended and everything it printed has been read. */
  async ended(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'close');
    return this.process.exitCode;
  }

  /** What it printed, if it ends well. */
  async output(): Promise<string[]> {
    expect(await this.ended(), this.errors.join('\n')).toBe(0);
    return this.lines.items;
  }
}

async function apiToken(aldis: Aldis, { token }: Person): Promise<{ id: string; token: string }> {
  const made = await aldis.call<ApiToken>('POST', '/auth/tokens', { name: 'example' }, token);
  return { id: made.id, token: made.token! };
}

const tell = (aldis: Aldis, from: Person, receiver: Person, text: string) =>
  aldis.call<Message>('POST', '/api/messages', { receiver: receiver.username, text }, from.token);

const texts = async (aldis: Aldis, person: Person) => {
  const [conversation] = await aldis.conversations(person);
  return conversation ? (await aldis.messages(person, conversation.id)).map(({ text }) => text) : [];
};

const LANGUAGES = {
  javascript: (name: string, ...args: string[]) => [process.execPath, `javascript/${name}.js`, ...args],
  python: (name: string, ...args: string[]) => [join(e2e, '.venv/bin/python'), `python/${name}.py`, ...args],
  curl: (name: string, ...args: string[]) => ['sh', `curl/${name}.sh`, ...args],
};

/** Somebody who runs the examples, and somebody whom they talk with. */
async function two(aldis: Aldis) {
  const [bot, ann] = [await aldis.person('bot'), await aldis.person('ann')];
  const { id, token } = await apiToken(aldis, bot);
  return { bot, ann, id, env: { ALDIS_URL: aldis.url, ALDIS_TOKEN: token } };
}

for (const [language, command] of Object.entries(LANGUAGES)) {
  test.describe(language, () => {
    let aldis: Aldis;
    test.beforeEach(async () => void (aldis = await Aldis.start()));
    test.afterEach(() => aldis.end());

    test('sends once, also to a server that is away', async () => {
      const { ann, bot, env } = await two(aldis);
      const stored = /^stored as number 1 of [0-9a-f-]{36}$/;
      expect(
        await Program.start(command('send', ann.username, 'It is "quoted" – 100 %'), env).output(),
      ).toEqual([expect.stringMatching(stored)]);
      await aldis.stop();
      const patient = Program.start(command('send', ann.username, 'patient'), env);
      // It has found nobody, where it says so.
      if (language === 'curl') await eventually.poll(() => patient.errors.length).toBeGreaterThan(0);
      await aldis.restart();
      expect(await patient.output()).toHaveLength(1);
      expect(await texts(aldis, bot)).toEqual(['It is "quoted" – 100 %', 'patient']);

      const refused = Program.start(command('send', 'nobody-at-all', 'x'), env);
      expect(await refused.ended()).not.toBe(0);
      expect(refused.errors.join('\n')).toContain('There is nobody called');
    });

    test('sends to a server under a path', async () => {
      const under = await Aldis.start(['--memory', '--base-path', '/chat']);
      const { ann, bot, env } = await two(under);
      expect(await Program.start(command('send', ann.username, 'under a path'), env).output()).toHaveLength(
        1,
      );
      expect(await texts(under, bot)).toEqual(['under a path']);
      await under.end();
    });

    test('ends when its token has ended', async () => {
      const { ann, bot, id, env } = await two(aldis);
      await aldis.call('DELETE', `/auth/tokens/${id}`, undefined, bot.token);
      const late = Program.start(command('send', ann.username, 'late'), env);
      expect(await late.ended()).toBe(1);
      expect(late.errors.join('\n')).toContain('This API token has ended; make another.');
      expect(await texts(aldis, bot)).toEqual([]);
    });

    if (language === 'curl') return;

    test('receives what waited and what comes, and goes on where it was', async () => {
      const { ann, bot, id, env } = await two(aldis);
      const receive = () => Program.start(command('receive', `cursor-${language}`), env);
      await tell(aldis, ann, bot, 'waited');
      const first = receive();
      await first.lines.reaches(1);
      await tell(aldis, ann, bot, 'live');
      expect(await first.lines.reaches(2)).toEqual([`${ann.username}: waited`, `${ann.username}: live`]);
      // Once the cursor has moved on, killing it loses nothing and repeats nothing.
      const cursor = join(folder, `cursor-${language}`);
      await eventually.poll(() => behind(aldis, bot, cursor)).toBe(0);
      await first.kill();

      await tell(aldis, ann, bot, 'away');
      const second = receive();
      await second.lines.reaches(1);
      // Nor does a connection that breaks.
      await aldis.kill();
      await aldis.restart();
      await tell(aldis, ann, bot, 'back');
      expect(await second.lines.reaches(2)).toEqual([`${ann.username}: away`, `${ann.username}: back`]);
      await aldis.call('DELETE', `/auth/tokens/${id}`, undefined, bot.token);
      expect(await second.ended()).toBe(1);
      expect(second.errors.join('\n')).toContain('This API token has ended');
    });

    test('echoes every message once', async () => {
      const { ann, bot, env } = await two(aldis);
      const other = await aldis.person('other');
      const echo = (name = env) => Program.start(command('echo'), name);
      await tell(aldis, ann, bot, 'one');
      let running = echo();
      await eventually.poll(() => texts(aldis, ann)).toEqual(['one', 'one']);
      const group = await aldis.group('Crew', [ann, bot]);
      await aldis.call('POST', `/api/conversations/${group.id}/messages`, { text: 'all' }, ann.token);
      await eventually
        .poll(async () =>
          (await aldis.messages(ann, group.id)).map(({ sender, text }) => `${sender}: ${text}`),
        )
        .toEqual([`${ann.username}: all`, `${bot.username}: all`]);
      await running.kill();

      for (let n = 0; n < 20; n++) await tell(aldis, other, bot, `${n}`);
      // Sending as the same account takes nothing away from who reads.
      await Program.start(command('send', other.username, 'by hand'), env).output();
      running = echo();
      await eventually.poll(async () => (await texts(aldis, other)).length).toBeGreaterThan(25);
      await running.kill();
      running = echo();
      const numbers = Array.from({ length: 20 }, (_, n) => `${n}`);
      await eventually.poll(() => texts(aldis, other)).toHaveLength(41);
      const answers = (await aldis.messages(other, (await aldis.conversations(other))[0]!.id)).filter(
        ({ replyTo }) => replyTo,
      );
      expect(answers.map(({ text }) => text).sort()).toEqual(numbers.sort());

      // Two of them do not keep each other busy.
      const second = Program.start(command('echo'), {
        ...env,
        ALDIS_TOKEN: (await apiToken(aldis, other)).token,
      });
      const live = await aldis.connect(other);
      await say(live, { receiver: bot.username, text: 'to a bot' });
      await eventually.poll(() => texts(aldis, other)).toHaveLength(43);
      live.close();
      await second.kill();
      await running.kill();
      expect(running.errors).toEqual([]);
    });
  });
}

/** How many messages came after the cursor in a file. */
async function behind(aldis: Aldis, person: Person, file: string): Promise<number> {
  const cursor = await readFile(file, 'utf8').catch(() => '');
  if (!cursor) return -1;
  const { events } = await aldis.call<{ events: { event: string }[] }>(
    'GET',
    `/api/sync?cursor=${cursor}`,
    undefined,
    person.token,
  );
  return events.filter(({ event }) => event === 'message').length;
}

test('curl: an account and its token, history, sync and a file', async () => {
  const aldis = await Aldis.start();
  try {
    const run = (name: string, args: string[], env: Record<string, string>) =>
      Program.start(LANGUAGES.curl(name, ...args), { ALDIS_URL: aldis.url, ...env }).output();
    const ann = await aldis.person('ann');
    const tokens: string[] = [];
    // The second time the account is there already, and no code is asked for.
    for (const input of ['123456\n', '']) {
      const [token] = await run('token', ['backups'], { ALDIS_PASSWORD: PASSWORD, input });
      tokens.push(token!);
    }
    expect(new Set(tokens).size).toBe(2);
    expect(tokens).toEqual([expect.stringMatching(/^aldis_/), expect.stringMatching(/^aldis_/)]);
    const env = { ALDIS_TOKEN: tokens[0]! };
    const backups = (await aldis.login('backups')) as Person;

    expect(await run('sync', ['cursor-curl'], env)).toEqual([]);
    const { conversationId } = await tell(aldis, ann, { ...backups, username: 'backups' }, 'first \\n "one"');
    for (let n = 2; n <= 230; n++)
      await aldis.call('POST', '/api/messages', { receiver: 'backups', text: `${n}` }, ann.token);
    const synced = await run('sync', ['cursor-curl'], env);
    expect(synced).toHaveLength(230);
    expect(synced.slice(0, 2)).toEqual([`${ann.username}: first \\n "one"`, `${ann.username}: 2`]);
    expect(await run('sync', ['cursor-curl'], env)).toEqual([]);

    expect(await run('history', [], env)).toEqual([`${conversationId} ${ann.username} and backups`]);
    expect((await run('history', [conversationId], env)).length).toBe(230);
    expect(await run('history', [conversationId, '228'], env)).toEqual([
      `229 ${ann.username}: 229`,
      `230 ${ann.username}: 230`,
    ]);
    const missing = Program.start(LANGUAGES.curl('history', ann.username), { ALDIS_URL: aldis.url, ...env });
    expect([await missing.ended(), missing.errors.at(-1)]).toEqual([1, 'There is nothing at this path.']);

    await writeFile(join(folder, 'a note & more.txt'), 'what it says');
    await run('upload', [ann.username, 'a note & more.txt', 'read this'], env);
    const [{ text, attachments }] = (await aldis.messages(ann, conversationId)).slice(-1) as [Message];
    expect(text).toBe('read this');
    expect(attachments).toMatchObject([{ name: 'a note & more.txt', size: 12 }]);
    const bytes = await aldis.request('GET', attachments![0]!.url, undefined, ann.token);
    expect(await bytes.text()).toBe('what it says');
  } finally {
    await aldis.end();
  }
});

/** The ten lines of the README as a program of Ann's, with the person that they name. */
async function readme(aldis: Aldis): Promise<{ program: Program; ann: Person; bob: Person }> {
  const text = await readFile(join(repository, 'README.md'), 'utf8');
  const [, client] = /```js\n([^]*?)```/.exec(text)!;
  expect(client!.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
  const ann = await aldis.person('ann');
  for (const [path, body] of [
    ['register', { username: 'bob', password: PASSWORD }],
    ['verify', { username: 'bob', otp: '123456' }],
  ] as const) {
    await aldis.call('POST', `/auth/${path}`, body);
  }
  await writeFile(
    join(folder, 'javascript/readme.js'),
    client!.replaceAll('http://localhost:5000', aldis.url),
  );
  const { token } = await apiToken(aldis, ann);
  const bob = { ...(await aldis.login('bob')), username: 'bob', password: PASSWORD };
  return { program: Program.start(LANGUAGES.javascript('readme'), { ALDIS_TOKEN: token }), ann, bob };
}

test('the client in the README', async () => {
  const aldis = await Aldis.start();
  try {
    const { program, ann, bob } = await readme(aldis);
    await program.lines.reaches(1);
    await tell(aldis, bob, ann, 'Hello yourself');
    expect(await program.lines.reaches(2)).toEqual(['stored as number 1', 'bob: Hello yourself']);
    await program.kill();
    expect(program.errors).toEqual([]);
  } finally {
    await aldis.end();
  }
});

test('the client in the README comes back however often, and says why it cannot', async () => {
  // More often than anybody may log in.
  const aldis = await Aldis.start(['--login-burst', '3']);
  try {
    const { program, ann, bob } = await readme(aldis);
    const { token: bobs } = await apiToken(aldis, bob);
    await program.lines.reaches(1);
    const expected = ['stored as number 1'];
    for (let kill = 1; kill <= 4; kill++) {
      await aldis.kill();
      await aldis.restart();
      await aldis.call('POST', '/api/messages', { receiver: ann.username, text: `After kill ${kill}` }, bobs);
      expected.push(`${bob.username}: After kill ${kill}`);
      // What the kill left in doubt comes again.
      await eventually.poll(() => [...new Set(program.lines.items)]).toEqual(expected);
    }
    await program.kill();

    const wrong = Program.start(LANGUAGES.javascript('readme'), { ALDIS_TOKEN: 'nonsense' });
    await eventually.poll(() => wrong.errors).toContain('token_invalid Log in again.');
    await wrong.kill();
  } finally {
    await aldis.end();
  }
});
