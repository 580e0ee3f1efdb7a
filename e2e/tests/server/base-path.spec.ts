import { expect, test } from '@playwright/test';
import { io } from 'socket.io-client';

import { Aldis, type Live, say } from '../../support/aldis.ts';
import { refused } from '../../support/check.ts';
import type { LoggedIn } from '../../../web/src/app/protocol/protocol.ts';

// A server under a path of its host, spoken to as programs do. Its `url` has the path.
let aldis: Aldis;
test.beforeAll(async () => {
  aldis = await Aldis.start(['--memory', '--base-path', '/apps/chat']);
});
test.afterAll(() => aldis.end());

const origin = () => new URL(aldis.url).origin;

function socket({ token }: LoggedIn, path: string, transports: string[]): Live {
  return io(origin(), { path, transports, auth: { token }, forceNew: true, reconnection: false });
}

test('the line that it prints names the path, and everything is there', async () => {
  expect(new URL(aldis.url).pathname).toBe('/apps/chat');
  const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const [hers, his] = [
      socket(ann, '/apps/chat/socket.io/', transports),
      socket(bob, '/apps/chat/socket.io/', transports),
    ];
    await Promise.all([hers, his].map((live) => new Promise((done) => live.once('sync:done', done))));
    const came = new Promise((done) => his.once('message', done));
    const sent = await say(hers, { receiver: bob.username, text: `by ${transports}` });
    expect(await came).toEqual(sent);
    for (const live of [hers, his]) live.close();
  }
});

test('the page has the path in it, and its files are under it', async () => {
  const page = await aldis.request('GET', '/c/0198c0de-0000-7000-8000-000000000000');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.headers.get('content-encoding')).toBe('gzip');
  const text = await page.text();
  expect(text).toContain('<html data-base="/apps/chat"');
  const files = [...text.matchAll(/(?:href|src)="([^"#]+)"/g)]
    .map(([, file]) => file!)
    .filter((file) => !file.startsWith('data:'));
  expect(files.length).toBeGreaterThan(4);
  for (const file of files) {
    expect(file).toMatch(/^\/apps\/chat\//);
    expect((await fetch(origin() + file)).status, file).toBe(200);
  }
  // It is asked for anew each time, and sent only when it is another.
  const tag = page.headers.get('etag')!;
  expect((await aldis.request('GET', '/', undefined, undefined, { 'if-none-match': tag })).status).toBe(304);

  // What the service worker compares it with.
  const bytes = await (await aldis.request('GET', '/index.html')).arrayBuffer();
  const hash = Buffer.from(await crypto.subtle.digest('SHA-1', bytes)).toString('hex');
  const list = await aldis.call<{ hashTable: Record<string, string> }>('GET', '/ngsw.json');
  expect(list.hashTable['index.html']).toBe(hash);
});

test('what lies outside is told the path, sockets too', async () => {
  const ann = await aldis.person('ann');
  for (const path of [
    '/',
    '/login',
    '/apps',
    '/apps/chatter/',
    '/api/users/me',
    '/ngsw.json',
    '/socket.io/?EIO=4&transport=polling',
  ]) {
    const problem = await refused(
      fetch(origin() + path, { headers: { authorization: `Bearer ${ann.token}` } }),
      404,
      'not_found',
    );
    expect(problem.detail, path).toContain('/apps/chat/socket.io/');
  }
  for (const transports of [['polling'], ['websocket']]) {
    const outside = socket(ann, '/socket.io/', transports);
    await new Promise((done) => outside.once('connect_error', done));
    outside.close();
  }
  const led = await fetch(`${origin()}/apps/chat?open=new`, { redirect: 'manual' });
  expect([led.status, led.headers.get('location')]).toEqual([307, '/apps/chat/?open=new']);
  for (const probe of ['/livez', '/readyz', '/apps/chat/livez', '/apps/chat/readyz'])
    expect((await fetch(origin() + probe)).status).toBe(200);
});

test('a path that is none is refused in one line', async () => {
  for (const path of ['chat', '/a/../b', '/a?b', '/a b', '/%61']) {
    await expect(Aldis.start(['--memory', '--base-path', path])).rejects.toThrow(
      'base-path (flag --base-path): a base path is written as /chat',
    );
  }
});
