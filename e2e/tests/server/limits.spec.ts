import { expect, test } from '@playwright/test';

import { Aldis, answer, PASSWORD, say } from '../../support/aldis.ts';
import { problem, refusal, refused } from '../../support/check.ts';
import { client, join, next, refusedConnect } from '../../support/live.ts';
import type { Message, Session } from '../../../web/src/app/protocol/protocol.ts';

/** A server that takes the last address of `X-Forwarded-For` for the client's, as behind a proxy. */
async function behindProxy(flags: string[]): Promise<Aldis> {
  return Aldis.start(['--memory', '--trusted-proxy', '127.0.0.1', '--allow-fixed-otp', ...flags]);
}

const from = (address: string) => ({ 'x-forwarded-for': address });

test('a user sends a burst, then so many a second', async () => {
  const aldis = await Aldis.start(['--memory', '--message-burst', '5', '--messages-per-second', '1']);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const { socket } = client(aldis.url, ann);
    socket.connect();
    for (let n = 1; n <= 5; n++) await say(socket, { receiver: bob.username, text: `${n}` });
    const limited = refusal(
      await socket.emitWithAck('message', { receiver: bob.username, text: '6', clientId: 'c-6' }),
      429,
      'rate_limited',
    );
    expect(limited).toMatchObject({ retryable: true, retryAfter: 1 });
    // The share is the person's, not the connection's.
    const http = await aldis.request(
      'POST',
      '/api/messages',
      { receiver: bob.username, text: '6' },
      ann.token,
    );
    expect(http.headers.get('retry-after')).toBe('1');
    await refused(http, 429, 'rate_limited');
    // Who waits as told is let in, and nobody else was held up.
    expect(
      (await aldis.request('POST', '/api/messages', { receiver: ann.username, text: 'mine' }, bob.token))
        .status,
    ).toBe(201);
    await expect(async () => {
      answer(await socket.emitWithAck('message', { receiver: bob.username, text: '6', clientId: 'c-6' }));
    }).toPass();
    socket.close();
  } finally {
    await aldis.end();
  }
});

test('limits per address: registrations, failed logins, sockets; not on loopback', async () => {
  const aldis = await behindProxy([
    '--registrations-per-hour',
    '2',
    '--failed-logins-per-hour',
    '3',
    '--sockets-per-address',
    '2',
  ]);
  try {
    const register = (username: string, address: string) =>
      aldis.request('POST', '/auth/register', { username, password: PASSWORD }, undefined, from(address));
    for (const name of ['one', 'two']) expect((await register(name, '192.0.2.1')).status).toBe(201);
    const limited = await register('three', '192.0.2.1');
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(1000);
    await refused(limited, 429, 'rate_limited');
    expect((await register('four', '192.0.2.2')).status).toBe(201);
    // What a client claims in front of the proxy does not count.
    await refused(register('five', '198.51.100.7, 192.0.2.1'), 429, 'rate_limited');
    // One holder of IPv6 has a whole network of addresses.
    for (const [n, status] of [
      [1, 201],
      [2, 201],
      [3, 429],
    ])
      expect((await register(`six-${n}`, `2001:db8::${n}`)).status).toBe(status);
    expect((await register('seven', '2001:db8:0:1::1')).status).toBe(201);

    const person = await aldis.person('ann');
    const login = (password: string, address: string) =>
      aldis.request('POST', '/auth/login', { username: person.username, password }, undefined, from(address));
    for (let n = 0; n < 3; n++)
      await refused(login('not the password', '192.0.2.3'), 401, 'credentials_invalid');
    await refused(login(PASSWORD, '192.0.2.3'), 429, 'rate_limited');
    // Logging in rightly does not count as failed.
    for (let n = 0; n < 5; n++) expect((await login(PASSWORD, '192.0.2.4')).status).toBe(200);

    const open = (address: string) => client(aldis.url, person, { extraHeaders: from(address) });
    const sockets = [open('192.0.2.5'), open('192.0.2.5')];
    await Promise.all(sockets.map(join));
    const { message, data } = await refusedConnect(open('192.0.2.5'));
    expect(message).toBe('rate_limited');
    problem(data, 429, 'rate_limited');
    expect(data.retryAfter).toBe(5);
    sockets[0]!.socket.close();
    await expect(async () => {
      const again = open('192.0.2.5');
      try {
        await join(again);
      } finally {
        again.socket.close();
      }
    }).toPass();
    for (const { socket } of sockets) socket.close();
  } finally {
    await aldis.end();
  }
});

test('limits per address do not apply to loopback', async () => {
  const aldis = await Aldis.start([
    '--memory',
    '--registrations-per-hour',
    '1',
    '--failed-logins-per-hour',
    '1',
    '--sockets-per-address',
    '2',
  ]);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    for (const { username } of [ann, bob, ann]) {
      await refused(
        aldis.request('POST', '/auth/login', { username, password: 'not the password' }),
        401,
        'credentials_invalid',
      );
    }
    const local = Array.from({ length: 5 }, () => client(aldis.url, ann));
    await Promise.all(local.map(join));
    for (const { socket } of local) socket.close();
  } finally {
    await aldis.end();
  }
});

test('who guesses at an account from many addresses is slowed, and its owner is let in', async () => {
  const aldis = await behindProxy(['--failed-logins-per-account-per-hour', '4']);
  try {
    const person = await aldis.person('ann');
    const login = (n: number, username: string, password = `guess ${n}`) =>
      aldis.request('POST', '/auth/login', { username, password }, undefined, from(`192.0.2.${n}`));
    // The same for an account that is not there: the limit does not tell.
    for (const username of [person.username, 'nobody-at-all']) {
      for (let n = 1; n <= 4; n++) await refused(login(n, username), 401, 'credentials_invalid');
      for (let n = 1; n <= 5; n++) await refused(login(5, username), 401, 'credentials_invalid');
      await refused(login(5, username.toUpperCase()), 429, 'rate_limited');
      await refused(login(6, username), 401, 'credentials_invalid');
    }
    expect((await login(7, person.username, PASSWORD)).status).toBe(200);
  } finally {
    await aldis.end();
  }
});

test('failed logins count per account on loopback, too', async () => {
  const aldis = await Aldis.start(['--memory', '--failed-logins-per-account-per-hour', '4']);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const login = (username: string, password: string) =>
      aldis.request('POST', '/auth/login', { username, password });
    // Four, and five more as from one address.
    for (let n = 1; n <= 9; n++) await refused(login(ann.username, `guess ${n}`), 401, 'credentials_invalid');
    await refused(login(ann.username, 'guess 10'), 429, 'rate_limited');
    expect((await login(bob.username, PASSWORD)).status).toBe(200);
  } finally {
    await aldis.end();
  }
});

test('who logs in rightly in a loop is slowed, and all others get in', async () => {
  const aldis = await Aldis.start([
    '--memory',
    '--hash-threads',
    '1',
    '--hash-queue',
    '8',
    '--login-burst',
    '5',
    '--trusted-proxy',
    '127.0.0.1',
    '--allow-fixed-otp',
  ]);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const login = (username: string, address: string) =>
      aldis.request('POST', '/auth/login', { username, password: PASSWORD }, undefined, from(address));
    const attempts = await Promise.all(Array.from({ length: 40 }, () => login(ann.username, '192.0.2.1')));
    const statuses = attempts.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(35);
    const limited = attempts.find(({ status }) => status === 429)!;
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(30);
    await refused(limited, 429, 'rate_limited');
    // Nobody finds the queue full, and the same person gets in from another address.
    const others = Array.from({ length: 9 }, (_, n) =>
      login(n % 2 ? ann.username : bob.username, `192.0.2.${10 + n}`),
    );
    const [blocked] = await Promise.all([login(ann.username, '192.0.2.1'), ...others]);
    expect(blocked.status).toBe(429);
    for (const answer of others) expect((await answer).status).toBe(200);
  } finally {
    await aldis.end();
  }
});

test('an account has a hundred sessions; one more ends the one unused for longest, and cuts it', async () => {
  const aldis = await Aldis.start(['--login-burst', '200']);
  try {
    const person = await aldis.person('ann');
    const socket = await aldis.connect(person);
    const cut = new Promise<string>((done) => socket.once('disconnect', done));
    const second = await aldis.login(person.username, 'second');
    for (let n = 3; n <= 101; n++) await aldis.login(person.username);
    expect(await cut).toBeTruthy();
    socket.close();
    await refused(aldis.request('GET', '/api/users/me', undefined, person.token), 401, 'session_revoked');
    const sessions = await aldis.call<Session[]>('GET', '/auth/sessions', undefined, second.token);
    expect(sessions).toHaveLength(100);
    expect(sessions.at(-1)).toMatchObject({ device: 'second', current: true });
  } finally {
    await aldis.end();
  }
});

test('a login flood is refused, not queued without end', async () => {
  const aldis = await Aldis.start([
    '--memory',
    '--hash-threads',
    '1',
    '--hash-queue',
    '2',
    '--failed-logins-per-account-per-hour',
    '1000',
    '--login-burst',
    '1000',
  ]);
  try {
    const attempts = await Promise.all(
      Array.from({ length: 30 }, () =>
        aldis.request('POST', '/auth/login', { username: 'nobody', password: 'guess guess' }),
      ),
    );
    const busy = attempts.filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    const { retryable } = await refused(busy[0]!, 503, 'overloaded');
    expect(retryable).toBe(true);
    expect(attempts.every(({ status }) => status === 503 || status === 401)).toBe(true);
  } finally {
    await aldis.end();
  }
});

test('a packet over its limit closes the socket with the reason, and a flood of events is read at the rate', async () => {
  const metrics = '127.0.0.1:0';
  const aldis = await Aldis.start([
    '--memory',
    '--metrics-listen',
    metrics,
    '--event-burst',
    '50',
    '--events-per-second',
    '100',
  ]);
  try {
    const line = aldis.log.find((line) => / metrics /.test(line))!;
    const address = /address=(?:\S*?m)?(127\.0\.0\.1:\d+)/.exec(line.replaceAll(/\x1b\[[0-9;]*m/g, ''))![1]!;
    const closed = async (reason: string) => {
      const text = await (await fetch(`http://${address}/metrics`)).text();
      return Number(new RegExp(`aldis_sessions_closed_total\\{reason="${reason}"\\} (\\d+)`).exec(text)![1]);
    };
    const plain = await fetch(`http://${address}/metrics`);
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await plain.text()).toMatch(/^# TYPE aldis_sessions_opened_total counter$/m);
    const open = await fetch(`http://${address}/metrics`, {
      headers: { accept: 'application/openmetrics-text;version=1.0.0,*/*;q=0.1' },
    });
    expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
    expect(await open.text()).toMatch(/# EOF\n$/);

    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const large = client(aldis.url, ann, { reconnection: false });
    await join(large);
    const gone = next<string>(large, 'disconnect');
    large.socket.emit('message', { receiver: bob.username, text: 'x'.repeat(200 * 1024) }, () => undefined);
    expect(await gone).toMatch(/^transport/);
    expect(await closed('packet_too_large')).toBe(1);
    const told = client(aldis.url, ann, { reconnection: false });
    await join(told);
    const farewell = new Promise<CloseEvent>((done) =>
      told.socket.once('disconnect', (_, details) => done((details as { context: CloseEvent }).context)),
    );
    told.socket.emit('message', { receiver: bob.username, text: 'x'.repeat(200 * 1024) }, () => undefined);
    expect(await farewell).toMatchObject({ code: 1009, reason: 'packet_too_large' });

    const flood = client(aldis.url, ann, { reconnection: false });
    await join(flood);
    const begun = Date.now();
    await Promise.all(
      Array.from({ length: 450 }, () => flood.socket.timeout(30_000).emitWithAck('sync', {})),
    );
    expect(Date.now() - begun).toBeGreaterThan(3900);
    flood.socket.close();
    await expect
      .poll(
        async () => /aldis_sockets (\d+)/.exec(await (await fetch(`http://${address}/metrics`)).text())![1],
      )
      .toBe('0');
  } finally {
    await aldis.end();
  }
});

test('a reader that is slow is closed and resumes from the log', async () => {
  const aldis = await Aldis.start([
    '--pending-limit',
    '256KiB',
    '--message-burst',
    '100000',
    '--otp-channel',
    'fixed',
  ]);
  try {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const [a, b] = [client(aldis.url, ann), client(aldis.url, bob, { reconnection: false })];
    await Promise.all([join(a), join(b)]);
    // Stops reading: what is sent piles up in the server.
    const { ws } = b.socket.io.engine.transport as unknown as { ws: { pause(): void; resume(): void } };
    ws.pause();
    const text = 'x'.repeat(8 * 1024);
    const sent: Message[] = [];
    for (let n = 0; n < 2000; n++) sent.push(await say(a.socket, { receiver: bob.username, text }));
    const gone = next<string>(b, 'disconnect');
    ws.resume();
    expect(await gone).toMatch(/^transport/);
    const before = b.messages.items.length;
    expect(before).toBeLessThan(2000);
    const back = client(aldis.url, bob);
    await join(back);
    const received = [...b.messages.items, ...back.messages.items].map(({ seq }) => seq);
    const missing = sent.map(({ seq }) => seq).filter((seq) => !received.includes(seq));
    expect(missing).toEqual([]);
    for (const { socket } of [a, back]) socket.close();
  } finally {
    await aldis.end();
  }
});

for (const transport of ['websocket', 'polling']) {
  test(`20,000 messages at once are all acknowledged, in order, and none of it piles up (${transport})`, async () => {
    const aldis = await Aldis.start([
      '--memory',
      '--message-burst',
      '100000',
      '--event-burst',
      '100000',
      '--pending-limit',
      '1MiB',
    ]);
    try {
      const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
      const sender = client(aldis.url, ann, { transports: [transport], reconnection: false });
      await join(sender);
      const gone: string[] = [];
      sender.socket.on('disconnect', (reason) => gone.push(reason));
      const seqs: number[] = [];
      const all = new Promise<void>((done) => {
        for (let n = 1; n <= 20_000; n++) {
          sender.socket.emit('message', { receiver: bob.username, text: `${n}` }, (reply) => {
            const { seq, text } = answer(reply);
            // Compared at the end: twenty thousand expectations would take longer than the messages.
            if (text === `${seqs.length + 1}`) seqs.push(seq);
            if (text === '20000') done();
          });
        }
      });
      await Promise.race([
        all,
        new Promise((_, failed) => sender.socket.once('disconnect', (reason) => failed(new Error(reason)))),
      ]);
      expect(seqs).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
      expect(gone).toEqual([]);
      sender.socket.close();
    } finally {
      await aldis.end();
    }
  });
}
