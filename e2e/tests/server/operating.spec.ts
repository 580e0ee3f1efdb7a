import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@playwright/test';

import { Aldis, answer, BINARY, PASSWORD, say } from '../../support/aldis.ts';
import { refusal, refused } from '../../support/check.ts';
import { client, join, next } from '../../support/live.ts';
import type { Message } from '../../../web/src/app/protocol/protocol.ts';

const run = promisify(execFile);
const ENV = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ALDIS_')));

/** Runs the binary to its end; gives what it wrote, or how it failed. */
async function aldisCommand(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(BINARY, args, { env: { ...ENV, ...env }, timeout: 20_000 })) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

test('settings: their sources, their errors, and what is printed', async () => {
  const folder = await mkdtemp(path(tmpdir(), 'aldis-'));
  try {
    const file = path(folder, 'aldis.toml');
    await writeFile(file, 'text-limit = "8KiB"\nissuer = "file"\n');
    const { stdout } = await aldisCommand(['config', '--config', file, '--audience', 'flag'], {
      ALDIS_ISSUER: 'environment',
    });
    expect(stdout).toMatch(new RegExp(`^text-limit = "8KiB" +# file ${file}$`, 'm'));
    expect(stdout).toMatch(/^issuer = "environment" +# environment ALDIS_ISSUER$/m);
    expect(stdout).toMatch(/^audience = "flag" +# flag --audience$/m);
    expect(stdout).toMatch(/^listen = "127.0.0.1:5000" +# default$/m);

    await writeFile(file, 'txt-limit = "8KiB"\n');
    for (const [args, env, what] of [
      [['serve', '--config', file], {}, 'txt-limit'],
      [['serve'], { ALDIS_TXT_LIMIT: '1' }, 'ALDIS_TXT_LIMIT'],
      [['serve', '--txt-limit', '1'], {}, '--txt-limit'],
      [['serve', '--text-limit', 'big'], {}, 'text-limit'],
      [['serve', '--memory', '--text-limit', '0', '--listen', '127.0.0.1:0'], {}, 'text-limit'],
      [['serve', '--memory', '--allow-origin', '*'], {}, 'allow-origin'],
      [['serve', '--memory', '--listen', 'nowhere'], {}, 'nowhere'],
      [['serve', '--config', path(folder, 'missing.toml')], {}, 'missing.toml'],
    ] as const) {
      const { code, stderr, stdout } = await aldisCommand([...args], env);
      expect(code, args.join(' ')).not.toBe(0);
      expect(stderr).toContain(what);
      expect(stdout).toBe('');
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('that nobody reads what is printed is no fault of its own', async () => {
  // `head -c 0` reads nothing; the shell gives the other's exit code.
  for (const [args, code] of [
    ['config --otp-tries many', 1],
    ['config', 1],
  ] as const) {
    const piped = `(sleep 0.3; exec ${BINARY} ${args}) 2>&1 | head -c 0; echo \${PIPESTATUS[0]}`;
    const { stdout } = await run('bash', ['-c', piped], { env: ENV });
    expect(Number(stdout), args).toBe(code);
  }
  const server = spawn(
    'bash',
    ['-c', `exec ${BINARY} serve --memory --listen 127.0.0.1:0 --metrics-listen off 2> >(head -c 0)`],
    { env: ENV },
  );
  const line = await new Promise<string>((done) => server.stdout.once('data', (data) => done(String(data))));
  expect((await fetch(`${/http:\S+/.exec(line)![0]}/livez`)).status).toBe(200);
  const ended = new Promise((done) => server.once('exit', done));
  server.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('the fixed code is refused where others can reach the server', async () => {
  const refused = await aldisCommand([
    'serve',
    '--memory',
    '--listen',
    '0.0.0.0:0',
    '--metrics-listen',
    'off',
  ]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('--allow-fixed-otp');
  // Through a proxy others come, too.
  const behindProxy = await aldisCommand([
    'serve',
    '--memory',
    '--listen',
    '127.0.0.1:0',
    '--metrics-listen',
    'off',
    '--trusted-proxy',
    '127.0.0.1',
  ]);
  expect(behindProxy.code).toBe(1);
  expect(behindProxy.stderr).toContain('--allow-fixed-otp');
  for (const flags of [['--allow-fixed-otp'], ['--otp-channel', 'log']]) {
    // 127.0.0.2 is loopback, too; a wildcard is not, and is only asked for its address here.
    const check = execFile(
      BINARY,
      ['serve', '--memory', '--listen', '0.0.0.0:0', '--metrics-listen', 'off', ...flags],
      { env: ENV },
    );
    const line = await new Promise<string>((done) =>
      check.stdout!.once('data', (data) => done(String(data))),
    );
    expect(line).toContain('listening on http://0.0.0.0:');
    const ended = new Promise((done) => check.once('exit', done));
    check.kill('SIGTERM');
    expect(await ended).toBe(0);
  }
});

test('keys: made for their owner alone, kept, rotated, and refused when others can read them', async () => {
  const aldis = await Aldis.start();
  try {
    const person = await aldis.person('ann');
    const keys = path(aldis.data, 'keys');
    const [file] = await readdir(keys);
    expect((await stat(path(keys, file!))).mode & 0o777).toBe(0o600);
    expect((await stat(keys)).mode & 0o777).toBe(0o700);
    await aldis.stop();
    expect((await aldisCommand(['keys', '--data', aldis.data])).code).toBe(0);
    await aldis.restart();
    const { keys: published } = await aldis.call<{ keys: unknown[] }>('GET', '/.well-known/jwks.json');
    expect(published).toHaveLength(2);
    // Tokens of the key before are accepted; new ones are signed by the new key.
    expect((await aldis.request('GET', '/api/users/me', undefined, person.token)).status).toBe(200);
    const header = (token: string) => token.split('.')[0];
    expect(header((await aldis.login(person.username)).token)).not.toBe(header(person.token));
    await aldis.stop();

    await chmod(path(keys, file!), 0o644);
    const refused = await aldisCommand([
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--data',
      aldis.data,
      '--metrics-listen',
      'off',
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`chmod 600`);
  } finally {
    await aldis.end();
  }
});

test('a second process on the same data is refused', async () => {
  const aldis = await Aldis.start();
  try {
    const second = await aldisCommand([
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--data',
      aldis.data,
      '--metrics-listen',
      'off',
    ]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('in use by another process');
    expect((await fetch(`${aldis.url}/readyz`)).status).toBe(200);
    const port = await aldisCommand([
      'serve',
      '--listen',
      new URL(aldis.url).host,
      '--memory',
      '--metrics-listen',
      'off',
    ]);
    expect(port.stderr).toContain('--listen');
  } finally {
    await aldis.end();
  }
});

test('in memory nothing is on disk', async () => {
  const aldis = await Aldis.start(['--memory']);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const a = client(aldis.url, ann);
    await join(a);
    await say(a.socket, { receiver: bob.username, text: 'hi' });
    const b = client(aldis.url, bob);
    await join(b);
    expect(await b.messages.reaches(1)).toHaveLength(1);
    expect(await readdir(aldis.data)).toEqual([]);
    for (const { socket } of [a, b]) socket.close();
  } finally {
    await aldis.end();
  }
});

test('asked to stop, it finishes what is in flight, sends sockets away to come back, and exits with 0', async () => {
  const aldis = await Aldis.start(['--message-burst', '100000']);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const [a, b] = [client(aldis.url, ann), client(aldis.url, bob)];
    await Promise.all([join(a), join(b)]);
    const acknowledged: Message[] = [];
    let sent = 0;
    let stopping = false;
    const pump = async () => {
      while (!stopping) {
        const reply = await a.socket
          .timeout(5000)
          .emitWithAck('message', { receiver: bob.username, text: `${++sent}` })
          .catch(() => undefined);
        if (reply) acknowledged.push(answer(reply));
      }
    };
    const pumps = [pump(), pump(), pump(), pump()];
    await b.messages.reaches(200);
    const gone = next<string>(a, 'disconnect');
    const ended = aldis.stop();
    expect(await gone).toBe('transport close');
    stopping = true;
    expect(await ended).toBe(0);
    await aldis.restart();
    // The library comes back by itself.
    await expect.poll(() => a.socket.connected && b.socket.connected).toBe(true);
    await Promise.all(pumps);
    const { conversationId } = acknowledged[0]!;
    const stored = new Set<string>();
    for (let after = 0; ;) {
      const { items } = await aldis.call<{ items: Message[] }>(
        'GET',
        `/api/conversations/${conversationId}/messages?afterSeq=${after}&limit=200`,
        undefined,
        ann.token,
      );
      if (!items.length) break;
      for (const { id, seq } of items) (stored.add(id), (after = seq));
    }
    expect(acknowledged.filter(({ id }) => !stored.has(id))).toEqual([]);
    for (const { socket } of [a, b]) socket.close();
  } finally {
    await aldis.end();
  }
});

test('a stop keeps its bound, whatever does not end', async () => {
  const aldis = await Aldis.start(['--drain-timeout', '2s']);
  // Another process holds the database, so that no commit succeeds; and a request never ends.
  const script =
    'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute("BEGIN IMMEDIATE"); print("held", flush=True); sys.stdin.read()';
  const holder = spawn('python3', ['-c', script, path(aldis.data, 'aldis.db')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const endless = connect(Number(new URL(aldis.url).port), '127.0.0.1').on('error', () => undefined);
  try {
    await once(holder.stdout, 'data');
    endless.write(
      'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n',
    );
    void aldis
      .request('POST', '/auth/register', { username: 'waits', password: PASSWORD })
      .catch(() => undefined);
    // Until its commit is seen to hang.
    const ready = async () => (await aldis.request('GET', '/readyz')).status;
    await expect.poll(ready, { timeout: 20_000 }).toBe(503);
    const asked = performance.now();
    expect(await aldis.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(3000);
  } finally {
    endless.destroy();
    holder.stdin.end();
    await aldis.end();
  }
});

test('logs are one line an event, and hold no secret and no text of a message', async () => {
  const aldis = await Aldis.start(['--memory', '--log', 'trace', '--log-format', 'json']);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const { socket } = client(aldis.url, ann, { transports: ['polling', 'websocket'] });
    socket.connect();
    await say(socket, { receiver: bob.username, text: 'a very private text' });
    refusal(
      await socket.emitWithAck('message', { receiver: 'nobody-at-all', text: 'another private text' }),
      404,
      'receiver_unknown',
    );
    socket.close();
    await aldis.stop();
    const log = aldis.log.join('\n');
    for (const line of aldis.log) expect(() => JSON.parse(line) as unknown, line).not.toThrow();
    for (const secret of [
      'private text',
      ann.password,
      ann.token,
      ann.refreshToken,
      ann.token.split('.')[2]!,
    ]) {
      expect(log).not.toContain(secret);
    }
  } finally {
    await aldis.end();
  }
});
