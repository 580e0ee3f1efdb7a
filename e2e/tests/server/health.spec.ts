import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join as path } from 'node:path';

import { expect, test } from '@playwright/test';

import { Aldis, answer, say } from '../../support/aldis.ts';
import { refusal, refused } from '../../support/check.ts';
import { client, join } from '../../support/live.ts';
import type { Message, Reply } from '../../../web/src/app/protocol/protocol.ts';

test('health', async () => {
  const aldis = await Aldis.start(['--memory']);
  try {
    for (const probe of ['/livez', '/readyz']) {
      const answer = await fetch(aldis.url + probe);
      expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
    }
    // Numbers are for operators, on a listener of their own.
    await refused(fetch(`${aldis.url}/metrics`), 404, 'not_found');
    await refused(fetch(`${aldis.url}/docs/elsewhere`), 404, 'not_found');
  } finally {
    await aldis.end();
  }
});

test('a full disk refuses with retryable, acknowledges nothing false, and recovers', async () => {
  const aldis = await Aldis.start();
  /** Lets files of the server grow to so many bytes; past it the system refuses to write. */
  const limit = (bytes: string) =>
    execFileSync('prlimit', [`--pid=${aldis.pid}`, `--fsize=${bytes}:unlimited`]);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const { socket } = client(aldis.url, ann);
    socket.connect();
    const text = 'x'.repeat(16 * 1024);
    const send = (n: number) =>
      socket.emitWithAck('message', { receiver: bob.username, text, clientId: `c-${n}` });
    const stored = [answer(await send(0))];
    limit(`${1024 * 1024}`);
    let failed: Reply<Message> | undefined;
    for (let n = 1; n <= 200 && !failed; n++) {
      const reply = await send(n);
      if (reply.status === 'ok') stored.push(reply.data);
      else failed = reply;
    }
    const { retryable } = refusal(failed!, 503, 'store_unavailable');
    expect(retryable).toBe(true);
    refusal(await send(900), 503, 'store_unavailable');
    limit('1');
    refusal(
      await socket.emitWithAck('message', { receiver: bob.username, text: 'short' }),
      503,
      'store_unavailable',
    );
    // Whatever succeeds since it has nothing to write says nothing about the disk.
    for (let n = 0; n < 50; n++) {
      expect((await socket.emitWithAck('sync', {})).status).toBe('ok');
      await refused(fetch(`${aldis.url}/readyz`), 503, 'store_unavailable');
    }
    expect(await aldis.messages(bob, stored[0]!.conversationId)).toEqual(stored);

    limit('unlimited');
    await expect.poll(async () => (await fetch(`${aldis.url}/readyz`)).status).toBe(200);
    const next = answer(await send(900));
    expect(next.seq).toBe(stored.length + 1);
    expect(await aldis.messages(bob, next.conversationId)).toEqual([...stored, next]);
    socket.close();
  } finally {
    limit('unlimited');
    await aldis.end();
  }
});

test('a commit that takes more than five seconds is told, until it ends', async () => {
  test.setTimeout(60_000);
  const aldis = await Aldis.start();
  // Another process holds the database, so that a commit waits for it.
  const script =
    'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute("BEGIN IMMEDIATE"); print("held", flush=True); sys.stdin.read()';
  const readyz = async () => (await fetch(`${aldis.url}/readyz`)).status;
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  const a = client(aldis.url, ann);
  await join(a);
  const holder = spawn('python3', ['-c', script, path(aldis.data, 'aldis.db')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    const asked = performance.now();
    const sent = say(a.socket, { receiver: bob.username, text: 'waits' });
    expect(await readyz()).toBe(200);
    await expect.poll(readyz, { timeout: 8000, intervals: [50] }).toBe(503);
    expect(performance.now() - asked).toBeGreaterThan(4900);
    await refused(fetch(`${aldis.url}/readyz`), 503, 'store_unavailable');
    holder.stdin.end();
    expect((await sent).text).toBe('waits');
    await expect.poll(readyz).toBe(200);
    a.socket.close();
  } finally {
    holder.stdin.end();
    await aldis.end();
  }
});
