import { once } from 'node:events';
import { connect } from 'node:net';

import { expect, test } from '@playwright/test';

import { Aldis, PASSWORD } from '../../support/aldis.ts';
import { client, join, next } from '../../support/live.ts';
import type { Session } from '../../../web/src/app/protocol/protocol.ts';

// Clients that do not wait for their answer, or never end their request.

const port = (aldis: Aldis) => Number(new URL(aldis.url).port);

/** Sends a request and hangs up behind its last byte. */
async function hangUp(
  aldis: Aldis,
  path: string,
  body: string,
  headers: Record<string, string> = {},
): Promise<void> {
  const socket = connect(port(aldis), '127.0.0.1').on('error', () => undefined);
  const all = { Host: 'x', 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  const closed = once(socket, 'close');
  socket.end(head + body);
  socket.resume();
  await closed;
}

test('who logs out and hangs up is logged out, and the sockets of the session are cut', async () => {
  const aldis = await Aldis.start();
  try {
    const person = await aldis.person('ann');
    const devices = await Promise.all(Array.from({ length: 10 }, () => aldis.login(person.username)));
    const sockets = devices.map(({ token }) => client(aldis.url, { token }, { reconnection: false }));
    const cut = Promise.all(sockets.map((live) => next<string>(live, 'disconnect')));
    await Promise.all(sockets.map(join));
    await Promise.all(
      devices.map(({ token }) => hangUp(aldis, '/auth/logout', '', { Authorization: `Bearer ${token}` })),
    );
    const sessions = () => aldis.call<Session[]>('GET', '/auth/sessions', undefined, person.token);
    await expect.poll(async () => (await sessions()).length).toBe(1);
    await cut;
  } finally {
    await aldis.end();
  }
});

test('a right password counts as none that failed, also when nobody waits for the answer', async () => {
  // Nothing is counted on loopback: the clients are behind a proxy.
  const proxy = ['--trusted-proxy', '127.0.0.1', '--allow-fixed-otp'];
  const aldis = await Aldis.start(['--memory', '--failed-logins-per-hour', '2', ...proxy]);
  try {
    const person = await aldis.person('ann');
    const body = JSON.stringify({ username: person.username, password: PASSWORD });
    const sessions = () => aldis.call<Session[]>('GET', '/auth/sessions', undefined, person.token);
    // More than may fail: the last would be refused if those before it counted.
    for (let n = 1; n <= 4; n++) {
      await hangUp(aldis, '/auth/login', body, { 'X-Forwarded-For': '192.0.2.9' });
      await expect.poll(async () => (await sessions()).length).toBe(1 + n);
    }
  } finally {
    await aldis.end();
  }
});

test('passwords that nobody waits for take their places in the queue', async () => {
  const aldis = await Aldis.start([
    '--memory',
    '--hash-threads',
    '1',
    '--hash-queue',
    '2',
    '--failed-logins-per-account-per-hour',
    '1000',
  ]);
  try {
    const body = JSON.stringify({ username: 'nobody', password: 'guess guess' });
    await Promise.all(Array.from({ length: 20 }, () => hangUp(aldis, '/auth/login', body)));
    expect((await aldis.request('POST', '/auth/login', body)).status).toBe(503);
  } finally {
    await aldis.end();
  }
});

test('a body that never ends is given up', async () => {
  const aldis = await Aldis.start(['--memory']);
  const socket = connect(port(aldis), '127.0.0.1');
  try {
    socket.write(
      'POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    );
    let answered = '';
    socket.on('data', (data) => (answered += String(data)));
    await once(socket, 'end');
    expect(answered).toContain('HTTP/1.1 400 ');
    expect(answered).toContain('"malformed"');
  } finally {
    socket.destroy();
    await aldis.end();
  }
});
