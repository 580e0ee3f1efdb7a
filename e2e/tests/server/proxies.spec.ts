import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from '@playwright/test';

import { Aldis, PASSWORD } from '../../support/aldis.ts';
import { problem, refused } from '../../support/check.ts';
import { client } from '../../support/live.ts';
import type { Problem } from '../../../web/src/app/protocol/protocol.ts';

// Proxies that are named and that are not, and clients that write their headers themselves.

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** A request with exactly these headers: several lines of one come as a list. */
async function raw(
  url: string,
  method: string,
  path: string,
  headers: OutgoingHttpHeaders = {},
  body = '',
): Promise<Answer> {
  const length = body
    ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    : {};
  const asked = request(new URL(path, url), { method, headers: { ...length, ...headers }, agent: false });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  const text = Buffer.concat((await response.toArray()) as Buffer[]).toString();
  return { status: response.statusCode!, headers: response.headers, text };
}

/**
 * A server that trusts proxies on this machine and in 10.0.0.0/8, where an address may fail to log in three
 * times.
 */
const behindProxy = (...flags: string[]): Promise<Aldis> =>
  Aldis.start([
    '--memory',
    '--trusted-proxy',
    '127.0.0.1',
    '--trusted-proxy',
    '10.0.0.0/8',
    '--allow-fixed-otp',
    '--failed-logins-per-address-per-hour',
    '3',
    ...flags,
  ]);

let guesses = 0;

/** Guesses a password, each time of somebody else: limits per account are not asked. */
async function guess(aldis: Aldis, headers: OutgoingHttpHeaders): Promise<number> {
  const body = JSON.stringify({ username: `nobody-${++guesses}`, password: 'not the password' });
  return (await raw(aldis.url, 'POST', '/auth/login', headers, body)).status;
}

/** How many of eight guesses are looked at. */
async function looked(aldis: Aldis, headers: (n: number) => OutgoingHttpHeaders): Promise<number> {
  const statuses: number[] = [];
  for (let n = 0; n < 8; n++) statuses.push(await guess(aldis, headers(n)));
  expect(statuses.every((status) => status === 401 || status === 429)).toBe(true);
  return statuses.filter((status) => status === 401).length;
}

for (const [named, of] of [
  ['x-forwarded-for', (address: string) => address],
  ['forwarded', (address: string) => `for=${address};proto=https`],
  ['x-real-ip', (address: string) => address],
] as const) {
  test(`only the header that was named counts: ${named}`, async () => {
    const aldis = await behindProxy(...(named === 'x-forwarded-for' ? [] : ['--proxy-header', named]));
    try {
      const claims: Record<string, (n: number) => string> = {
        'x-forwarded-for': (n) => `192.0.2.${n}`,
        forwarded: (n) => `for=192.0.2.${n}`,
        'x-real-ip': (n) => `192.0.2.${n}`,
      };
      const others = Object.keys(claims).filter((name) => name !== named);
      const claim = (n: number) => Object.fromEntries(others.map((name) => [name, claims[name]!(n)]));
      expect(await looked(aldis, (n) => ({ ...claim(n), [named]: of('198.51.100.1') }))).toBe(3);
      // Whom the others named was not charged for it.
      expect(await guess(aldis, { [named]: of('192.0.2.1') })).toBe(401);
      // Where it is missing, all clients of the proxy are one.
      expect(await looked(aldis, claim)).toBe(3);
      await expect.poll(() => aldis.log.filter((line) => line.includes('--proxy-header'))).toHaveLength(1);
    } finally {
      await aldis.end();
    }
  });
}

test('the last address that is no proxy counts, whatever a client wrote before it', async () => {
  const aldis = await behindProxy();
  try {
    const lists: ((n: number) => string | string[])[] = [
      (n) => `192.0.2.${n}, 198.51.100.1`,
      (n) => `192.0.2.${n}, 198.51.100.2, 10.1.2.3`,
      (n) => [`192.0.2.${n}`, '198.51.100.3'],
      (n) => [`192.0.2.${n}, 198.51.100.4`, '10.1.2.3:4711, 10.1.2.4'],
      (n) => `10.0.0.${n}, 198.51.100.5`,
      (n) => `"192.0.2.${n}, 198.51.100.6`,
      // One holder of IPv6 has a whole network of addresses.
      (n) => `192.0.2.${n}, [2001:db8::${n + 1}]:80`,
    ];
    for (const list of lists)
      expect(await looked(aldis, (n) => ({ 'x-forwarded-for': list(n) })), String(list(0))).toBe(3);
  } finally {
    await aldis.end();
  }
});

for (const hidden of ['unknown', '_hidden', 'localhost', '198.51.100.999', '\xff']) {
  test(`an address that cannot be read is no disguise: ${encodeURI(hidden)}`, async () => {
    const aldis = await behindProxy();
    try {
      const list = (n: number) => ({ 'x-forwarded-for': `192.0.2.${n}, ${hidden}, 10.1.2.3` });
      expect(await looked(aldis, list)).toBe(3);
      expect(await guess(aldis, { 'x-forwarded-for': '192.0.2.1' })).toBe(401);
    } finally {
      await aldis.end();
    }
  });
}

for (const claim of ['127.0.0.1', '127.0.0.2', '::1', '"[::1]:80"', '::ffff:127.0.0.1', '', undefined]) {
  test(`whom a proxy brings is never free of limits: ${claim === undefined ? 'no header' : `"${claim}"`}`, async () => {
    const aldis = await behindProxy('--registrations-per-hour', '2', '--sockets-per-address', '1');
    const headers: OutgoingHttpHeaders = claim === undefined ? {} : { 'x-forwarded-for': claim };
    try {
      expect(await looked(aldis, () => headers)).toBe(3);
      const register = (n: number) =>
        raw(
          aldis.url,
          'POST',
          '/auth/register',
          headers,
          JSON.stringify({ username: `somebody-${n}`, password: PASSWORD }),
        );
      expect((await Promise.all([1, 2, 3].map(register))).map(({ status }) => status).sort()).toEqual([
        201, 201, 429,
      ]);
      const poll = () => raw(aldis.url, 'GET', '/socket.io/?EIO=4&transport=polling', headers);
      expect((await Promise.all([poll(), poll(), poll()])).map(({ status }) => status).sort()).toEqual([
        200, 200, 429,
      ]);
    } finally {
      await aldis.end();
    }
  });
}

test('what comes through a proxy that was not named is refused, and the log says so once', async () => {
  const aldis = await Aldis.start(['--memory']);
  const body = JSON.stringify({ username: 'stranger', password: PASSWORD });
  const code = JSON.stringify({ username: 'stranger', otp: '123456' });
  try {
    await aldis.call('POST', '/auth/register', { username: 'stranger', password: PASSWORD });
    const proxies: OutgoingHttpHeaders[] = [
      { 'x-forwarded-for': '192.0.2.1' },
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=192.0.2.1' },
      { 'x-real-ip': '192.0.2.1' },
      { via: '1.1 proxy' },
      { 'x-forwarded-proto': 'https' },
      { 'x-forwarded-host': 'chat.example.org' },
    ];
    for (const headers of proxies) {
      for (const [method, path, sent] of [
        ['GET', '/'],
        ['GET', '/readyz'],
        ['GET', '/auth/sessions'],
        ['POST', '/auth/register', body],
        ['POST', '/auth/login', body],
        ['POST', '/auth/verify', code],
        ['GET', '/socket.io/?EIO=4&transport=polling'],
        ['POST', '/socket.io/?EIO=4&transport=polling', '40'],
      ] as const) {
        const answer = await raw(aldis.url, method, path, headers, sent);
        expect(answer.status, `${method} ${path} ${JSON.stringify(headers)}`).toBe(421);
        expect(answer.headers['content-type']).toBe('application/problem+json');
        const { detail, retryable } = problem(JSON.parse(answer.text) as Problem, 421, 'proxy_not_trusted');
        expect(detail).toContain('--trusted-proxy 127.0.0.1');
        expect(retryable).toBe(false);
      }
      const upgrade = {
        ...headers,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      };
      expect((await raw(aldis.url, 'GET', '/socket.io/?EIO=4&transport=websocket', upgrade)).status).toBe(
        421,
      );
      // That it lives is told to anybody.
      expect((await raw(aldis.url, 'GET', '/livez', headers)).status).toBe(200);
    }
    // Nobody was verified by it, and who asks directly is served.
    await refused(aldis.request('POST', '/auth/login', body), 403, 'not_verified');
    expect((await aldis.request('POST', '/auth/verify', code)).status).toBe(200);
    expect((await aldis.request('GET', '/readyz')).status).toBe(200);
    await aldis.stop();
    expect(aldis.log.filter((line) => line.includes('--trusted-proxy 127.0.0.1'))).toHaveLength(1);
  } finally {
    await aldis.end();
  }
});

test('a client behind a proxy that was not named is told why it cannot connect; once named, it connects', async () => {
  for (const flags of [[], ['--trusted-proxy', '127.0.0.1', '--allow-fixed-otp']]) {
    const aldis = await Aldis.start(['--memory', ...flags]);
    const target = new URL(aldis.url);
    const proxy = createServer((incoming, outgoing) => {
      const { method = 'GET', url = '/', headers, socket } = incoming;
      const named = {
        ...headers,
        'x-forwarded-for': [headers['x-forwarded-for'], socket.remoteAddress]
          .flat()
          .filter(Boolean)
          .join(', '),
      };
      const onward = request(
        { host: target.hostname, port: target.port, method, path: url, headers: named },
        (answer) => {
          outgoing.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      const person = await aldis.person('ann');
      const live = client(url, person, { transports: ['polling'], reconnection: false });
      const outcome = new Promise<string>((done) => {
        live.socket.once('connect', () => done('connected'));
        live.socket.once('connect_error', (error) =>
          done(String((error as Error & { context?: { responseText?: string } }).context?.responseText)),
        );
      });
      live.socket.connect();
      expect(await outcome).toMatch(
        flags.length
          ? /^connected$/
          : /proxy_not_trusted.*--trusted-proxy 127\.0\.0\.1|--trusted-proxy 127\.0\.0\.1.*proxy_not_trusted/,
      );
      live.socket.close();
    } finally {
      proxy.closeAllConnections();
      proxy.close();
      await aldis.end();
    }
  }
});
