import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';
import { io, type ManagerOptions, type SocketOptions } from 'socket.io-client';

import type { Attachment, LoggedIn } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, type Live, PASSWORD, type Person, say } from '../../support/aldis.ts';
import { NAME, Proxy } from '../../support/proxy.ts';
import { browserOf, Messenger } from '../../support/web.ts';

const MIB = 1024 * 1024;

/** An address of this machine that is not loopback, where no limits apply. */
const elsewhere = Object.values(networkInterfaces())
  .flat()
  .find((own) => own && !own.internal && own.family === 'IPv4')?.address;

/** What people do must work behind a proxy that is set up as its example says. */
export function behind(kind: string): void {
  let aldis: Aldis;
  let proxy: Proxy;

  test.beforeAll(async () => {
    const limits = ['--failed-logins-per-address-per-hour', '3', '--sockets-per-address', '4'];
    aldis = await Aldis.start(['--trusted-proxy', '127.0.0.1', '--allow-fixed-otp', ...limits]);
    proxy = await Proxy.start(kind, aldis.url);
  });
  test.afterAll(async () => {
    await proxy?.end();
    await aldis?.end();
  });

  function client(
    { token }: { token: string },
    options: Partial<ManagerOptions & SocketOptions> = {},
    from?: string,
  ): Live {
    const agent = proxy.agent(from) as unknown as string;
    return io(proxy.url, {
      auth: { token },
      forceNew: true,
      agent,
      extraHeaders: { origin: proxy.url },
      ...options,
    });
  }

  async function connected(socket: Live): Promise<Live> {
    await new Promise<void>((done, failed) => {
      socket.once('sync:done', () => done());
      socket.once('connect_error', failed);
    });
    return socket;
  }

  test(`${kind}: people register, log in and talk over each transport`, async () => {
    const people: Person[] = [];
    for (const name of ['ann', 'bob']) {
      const username = `${name}-of-${kind}`;
      expect(
        (await proxy.ask('POST', '/auth/register', { body: { username, password: PASSWORD } })).status,
      ).toBe(201);
      expect((await proxy.ask('POST', '/auth/verify', { body: { username, otp: '123456' } })).status).toBe(
        200,
      );
      const login = await proxy.ask('POST', '/auth/login', { body: { username, password: PASSWORD } });
      people.push({ ...(JSON.parse(`${login.body}`) as LoggedIn), username, password: PASSWORD });
    }
    const [ann, bob] = people as [Person, Person];
    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      const [one, other] = (await Promise.all(
        [ann, bob].map((person) => connected(client(person, { transports }))),
      )) as [Live, Live];
      if (transports.length > 1) await expect.poll(() => one.io.engine.transport.name).toBe('websocket');
      const came = new Promise((done) => other.once('message', done));
      const sent = await say(one, { receiver: bob.username, text: `by ${transports}` });
      expect(await came).toEqual(sent);
      for (const socket of [one, other]) socket.close();
    }
  });

  test(`${kind}: files stream both ways, up to 25 MiB`, async () => {
    const ann = await aldis.person('ann');
    const bytes = Buffer.alloc(25 * MIB);
    for (let at = 0; at < bytes.length; at += 4096) bytes.writeUInt32LE(at, at);
    // The second half is sent once the server has most of the first.
    async function* parts() {
      yield bytes.subarray(0, 12 * MIB);
      await expect.poll(() => arrived(aldis)).toBeGreaterThan(10 * MIB);
      yield bytes.subarray(12 * MIB);
    }
    const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.length };
    const uploaded = await proxy.ask('POST', '/api/attachments?name=large.bin', {
      ...ann,
      body: parts(),
      headers,
    });
    expect(uploaded.status, `${uploaded.body}`).toBe(201);
    const { url, size } = JSON.parse(`${uploaded.body}`) as Attachment;
    expect(size).toBe(bytes.length);

    const whole = await proxy.ask('GET', url, ann);
    expect(whole.body.equals(bytes)).toBe(true);
    const range = await proxy.ask('GET', url, { ...ann, headers: { range: `bytes=${MIB}-${3 * MIB - 1}` } });
    expect(range).toMatchObject({
      status: 206,
      headers: { 'content-range': `bytes ${MIB}-${3 * MIB - 1}/${bytes.length}` },
    });
    expect(range.body.equals(bytes.subarray(MIB, 3 * MIB))).toBe(true);
  });

  test(`${kind}: the client's address counts, and not what the client says it is`, async () => {
    test.skip(!elsewhere, 'this machine has loopback addresses only, for which no limits apply');
    const from = elsewhere!;
    const ann = await aldis.person('ann');
    const logIn = async (password: string, headers: object, from?: string) => {
      const body = { username: ann.username, password };
      return (await proxy.ask('POST', '/auth/login', { body, headers, ...(from ? { from } : {}) })).status;
    };
    // Each claims to be somebody else, and then to be on the server itself.
    for (let n = 1; n <= 3; n++) {
      const claimed = { 'x-forwarded-for': `198.51.100.${n}`, forwarded: `for=198.51.100.${n}` };
      expect(await logIn('wrong', claimed, from)).toBe(401);
    }
    for (const claimed of ['127.0.0.1', '198.51.100.9']) {
      const headers = { 'x-forwarded-for': claimed, forwarded: `for=${claimed}`, 'x-real-ip': claimed };
      expect(await logIn('wrong', headers, from)).toBe(429);
    }
    // Nobody else is held up.
    expect(await logIn('wrong', {})).toBe(401);

    // The same on a WebSocket, and on polling.
    for (const transports of [['websocket'], ['polling']]) {
      const claimed = (n: number) => ({
        origin: proxy.url,
        'x-forwarded-for': `198.51.100.${n}`,
        forwarded: `for=198.51.100.${n}`,
      });
      const sockets = await Promise.all(
        [1, 2, 3, 4].map((n) => connected(client(ann, { transports, extraHeaders: claimed(n) }, from))),
      );
      const another = client(ann, { transports, extraHeaders: claimed(5), reconnection: false }, from);
      await expect(connected(another)).rejects.toThrow('rate_limited');
      const local = await connected(client(ann, { transports }));
      for (const socket of [...sockets, another, local]) socket.close();
      await expect(
        async () => void (await connected(client(ann, { transports, reconnection: false }, from))).close(),
      ).toPass();
    }
  });

  test(`${kind}: pages of the own name are let in, those of others not`, async ({ browser }) => {
    const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
    for (const path of ['/auth/settings', '/socket.io/?EIO=4&transport=polling', '/livez']) {
      const stranger = await proxy.ask('GET', path, { headers: { origin: 'https://evil.example' } });
      expect(stranger.status, path).toBe(403);
      const own = await proxy.ask('GET', path, { headers: { origin: proxy.url } });
      expect(own.status, path).not.toBe(403);
    }
    const page = await proxy.ask('GET', '/');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");

    const own = await browserOf(browser, aldis, ann, { baseURL: proxy.url, ignoreHTTPSErrors: true });
    const refused: string[] = [];
    own.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    const messenger = new Messenger(own);
    await messenger.open(bob.username);
    const other = await connected(client(bob));
    const came = new Promise<{ text: string }>((done) => other.once('message', done));
    await messenger.send('From a page');
    expect(await came).toMatchObject({ text: 'From a page' });
    answer(await other.emitWithAck('message', { receiver: ann.username, text: 'To a page' }));
    await messenger.message('To a page').waitFor();
    expect(refused).toEqual([]);
    other.close();
    await own.context().close();
  });

  test(`${kind}: a reload loses nothing${kind === 'caddy' ? '' : ' and drops no WebSocket'}`, async () => {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    // Where the proxy drops connections, the sender repeats what got no answer, as the library does when it
    // is told to.
    const repeats = kind === 'caddy' ? { retries: Infinity, ackTimeout: 1_000 } : {};
    const [one, other] = await Promise.all([
      connected(client(ann, { transports: ['websocket'], ...repeats })),
      connected(client(bob, { transports: ['websocket'] })),
    ]);
    const drops: string[] = [];
    for (const socket of [one, other]) socket.on('disconnect', (reason) => drops.push(reason));
    // What was not proved to have arrived when a connection ended comes again, with the same `id`.
    const came = new Map<string, string>();
    other.on('message', ({ id, text }) => came.set(id, text));
    await proxy.reload();
    for (let n = 0; n < 20; n++)
      answer(await one.emitWithAck('message', { receiver: bob.username, text: `${n}`, clientId: `c-${n}` }));
    await expect.poll(() => [...came.values()]).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`));
    if (kind !== 'caddy') expect(drops).toEqual([]);
    expect((await proxy.ask('GET', '/livez')).status).toBe(200);
    for (const socket of [one, other]) socket.close();
  });

  test(`${kind}: plain HTTP leads to HTTPS`, async () => {
    const asked = get({ port: proxy.ports.http, path: '/docs', headers: { host: NAME } });
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    expect([301, 308]).toContain(answer.statusCode);
    expect(answer.headers.location).toMatch(new RegExp(`^https://${NAME}`));
    answer.destroy();
  });
}

/** The bytes of files that are on their way in. */
async function arrived({ data }: Aldis): Promise<number> {
  const folder = join(data, 'attachments/new');
  const files = await readdir(folder);
  const sizes = await Promise.all(
    files.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
