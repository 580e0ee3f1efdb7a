import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@playwright/test';

import { Aldis, BINARY } from '../../support/aldis.ts';

const run = promisify(execFile);

/** Runs a scenario to its end; gives what it wrote, or how it failed. */
async function bench(args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await run(BINARY, ['bench', ...args], { timeout: 50_000 })) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
}

const UNLIMITED = ['--message-burst', '1000000', '--event-burst', '1000000'];

test('direct messages: counted, measured, each delivered once and in order', async () => {
  const aldis = await Aldis.start(['--memory', ...UNLIMITED]);
  const folder = await mkdtemp(path(tmpdir(), 'aldis-'));
  try {
    const [tokens, svg] = [path(folder, 'tokens'), path(folder, 'latency.svg')];
    const common = [
      '--url',
      aldis.url,
      '--pid',
      `${aldis.pid}`,
      '--tokens',
      tokens,
      '--seconds',
      '1',
      '--warmup',
      '0',
      '--pairs',
      '2',
    ];
    const closed = await bench([
      'direct',
      ...common,
      '--window',
      '4',
      '--client-ids',
      '--json',
      '-',
      '--svg',
      svg,
    ]);
    expect(closed.code, closed.stderr).toBe(0);
    const report = JSON.parse(closed.stdout);
    expect(report).toMatchObject({
      scenario: 'direct',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      url: aldis.url,
      options: { pairs: 2, window: 4, size: 120, clientIds: true },
      machine: { cores: expect.any(Number), kernel: expect.any(String) },
      acknowledgementLatency: { p50: expect.any(Number), p999: expect.any(Number), max: expect.any(Number) },
      checked: { unanswered: 0, faults: { lost: 0, doubled: 0, outOfOrder: 0 } },
      server: { cpuMicrosPerMessage: expect.any(Number) },
      generator: { cpuMicrosPerMessage: expect.any(Number) },
      serverMemory: { rss: expect.any(Number) },
    });
    for (const count of ['sent', 'acknowledged', 'delivered']) expect(report[count].count).toBeGreaterThan(0);
    expect(report.checked.messages).toBeGreaterThanOrEqual(report.delivered.count);
    expect(await readFile(svg, 'utf8')).toContain('</svg>');

    // The accounts of the first run serve again.
    const accounts = (await readFile(tokens, 'utf8')).trim().split('\n');
    expect(accounts).toHaveLength(4);
    const open = await bench(['direct', ...common, '--rate', '200']);
    expect(open.code, open.stderr).toBe(0);
    expect(open.stdout).toMatch(/^checked +\d+ messages, each exactly once and in order$/m);
    expect((await readFile(tokens, 'utf8')).trim().split('\n')).toEqual(accounts);
  } finally {
    await aldis.end();
    await rm(folder, { recursive: true });
  }
});

test('connecting, idling, and messages that waited', async () => {
  const aldis = await Aldis.start(UNLIMITED);
  try {
    const report = async (...args: string[]) => {
      const { code, stdout, stderr } = await bench([
        ...args,
        '--url',
        aldis.url,
        '--pid',
        `${aldis.pid}`,
        '--json',
        '-',
      ]);
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    };
    const connect = await report('connect', '--connections', '40', '--concurrency', '8', '--accounts', '2');
    expect(connect).toMatchObject({ connected: { count: 40 }, connectLatency: { count: 40 }, accounts: 2 });
    const idle = await report('idle', '--connections', '20', '--hold', '0', '--accounts', '1');
    expect(idle).toMatchObject({
      bytesPerConnection: { rss: expect.any(Number) },
      memoryClosed: { rss: expect.any(Number) },
    });
    const flush = await report('flush', '--messages', '2000', '--senders', '2');
    expect(flush).toMatchObject({
      flushed: { count: 2000 },
      checked: { messages: 2000, faults: { lost: 0, doubled: 0, outOfOrder: 0 } },
    });
    const crowd = await report('crowd', '--members', '11', '--rounds', '2');
    expect(crowd).toMatchObject({ options: { members: 11, rounds: 2 } });
    for (const step of Object.values(crowd.steps)) {
      for (const group of ['few', 'many'])
        expect(step).toMatchObject({ [group]: { cpuMicros: expect.any(Number), latency: { count: 2 } } });
    }
    expect(await report('fill', '--messages', '500', '--pairs', '1')).toMatchObject({
      stored: { count: 500 },
    });
  } finally {
    await aldis.end();
  }
});

test('a reconnect storm', async () => {
  const aldis = await Aldis.start(UNLIMITED);
  const restarted = new Promise<void>((done, failed) =>
    process.once(
      'SIGUSR2',
      () =>
        void aldis
          .kill()
          .then(() => aldis.restart())
          .then(done, failed),
    ),
  );
  try {
    const args = ['--connections', '30', '--accounts', '2', '--url', aldis.url, '--json', '-'];
    const { code, stdout, stderr } = await bench([
      'storm',
      ...args,
      '--restart-command',
      `kill -USR2 ${process.pid}`,
    ]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ resumed: { count: 30 }, refused: {} });
    await restarted;
  } finally {
    await aldis.end();
  }
});

test('what is wrong is said in a line', async () => {
  const aldis = await Aldis.start(['--memory', '--message-burst', '20', '--messages-per-second', '1']);
  try {
    const limited = await bench([
      'direct',
      '--pairs',
      '1',
      '--seconds',
      '5',
      '--warmup',
      '0',
      '--url',
      aldis.url,
    ]);
    expect(limited.code).toBe(1);
    expect(limited.stderr).toMatch(
      /^aldis: the server refused a message: rate_limited: .*--messages-per-second.*\n$/m,
    );
  } finally {
    await aldis.end();
  }
  for (const [args, what] of [
    [['direct', '--url', 'https://127.0.0.1:5000'], '--url'],
    [['direct', '--url', 'http://127.0.0.1:1'], 'http://127.0.0.1:1'],
    [['direct', '--size', '3'], '--size'],
    [['direct', '--rate', '0'], '--rate'],
    [['direct', '--pid', '4294967295'], '/proc/4294967295'],
    [['nothing'], 'nothing'],
  ] as const) {
    const { code, stderr, stdout } = await bench([...args]);
    expect(code, args.join(' ')).not.toBe(0);
    expect(stderr).toContain(what);
    expect(stdout).toBe('');
  }
});

test('harm is done beside people who use the server, and what they wait is compared', async () => {
  const aldis = await Aldis.start(['--memory']);
  try {
    const done = await bench([
      'abuse',
      '--url',
      aldis.url,
      '--seconds',
      '1',
      '--only',
      'mute',
      '--json',
      '-',
    ]);
    // Two cores that also run other tests say nothing of times: it may be over its bound, and says so.
    if (done.code !== 0) expect(done.stderr).toMatch(/lines are over 2 times as long; the worst is mute/);
    const report = JSON.parse(done.stdout);
    expect(Object.keys(report.abuse)).toEqual(['mute']);
    const { asked, ...lines } = report.abuse.mute;
    expect(asked).toBeGreaterThan(10);
    expect(Object.keys(lines)).toEqual(['handshake', 'login', 'message and acknowledgement', 'read']);
    for (const line of Object.values(lines)) {
      expect(line).toMatchObject({
        before: { count: expect.any(Number), p99: expect.any(Number) },
        during: { p99: expect.any(Number) },
        p99Times: expect.any(Number),
      });
    }
  } finally {
    await aldis.end();
  }
});
