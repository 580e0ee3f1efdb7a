import { expect, test } from '@playwright/test';
import { io } from 'socket.io-client';

import { Aldis, answer, type Live, PASSWORD, say } from '../../support/aldis.ts';
import { Files, painted, picture } from '../../support/files.ts';
import { KINDS, Proxy } from '../../support/proxy.ts';
import { expectKept, installed, Messenger, register } from '../../support/web.ts';
import type { LoggedIn } from '../../../web/src/app/protocol/protocol.ts';

// Aldis under a path of a host, behind proxies that pass the path on.

const start = (): Promise<Aldis> =>
  Aldis.start(['--base-path', '/chat', '--trusted-proxy', '127.0.0.1', '--allow-fixed-otp']);

for (const kind of Object.keys(KINDS)) {
  test(`${kind}: under a path, people talk over each transport, and the rest of the host is not Aldis`, async () => {
    const aldis = await start();
    const proxy = await Proxy.start(kind, aldis.url);
    const bob = await aldis.person('bob');
    expect(
      (await proxy.ask('POST', '/auth/register', { body: { username: 'ann', password: PASSWORD } })).status,
    ).toBe(201);
    expect(
      (await proxy.ask('POST', '/auth/verify', { body: { username: 'ann', otp: '123456' } })).status,
    ).toBe(200);
    const login = await proxy.ask('POST', '/auth/login', { body: { username: 'ann', password: PASSWORD } });
    const ann = JSON.parse(`${login.body}`) as LoggedIn;
    for (const transports of [['polling'], ['websocket']]) {
      const sockets = [ann, bob].map(({ token }): Live => {
        const agent = proxy.agent() as unknown as string;
        return io(proxy.origin, {
          path: '/chat/socket.io/',
          transports,
          auth: { token },
          forceNew: true,
          agent,
          extraHeaders: { origin: proxy.origin },
        });
      });
      await Promise.all(
        sockets.map(
          (socket) =>
            new Promise((done, failed) => socket.once('sync:done', done).once('connect_error', failed)),
        ),
      );
      const [hers, his] = sockets as [Live, Live];
      const came = new Promise((done) => his.once('message', done));
      const sent = await say(hers, { receiver: bob.username, text: `by ${transports}` });
      expect(await came).toEqual(sent);
      for (const socket of sockets) socket.close();
    }
    const led = await proxy.ask('GET', '');
    expect([led.status, led.headers.location]).toEqual([307, '/chat/']);
    const outside = await proxy.ask('GET', 'ter/');
    expect(`${outside.body}`).not.toContain('not_found');
    await proxy.end();
    await aldis.end();
  });
}

test('a story behind nginx under a path, with a deep link, a start without a network, a picture, and a way out', async ({
  browser,
}) => {
  const aldis = await start();
  const proxy = await Proxy.start('nginx', aldis.url);
  const bob = await aldis.person('bob', 'Bob');
  const context = await browser.newContext({
    baseURL: `${proxy.url}/`,
    ignoreHTTPSErrors: true,
    serviceWorkers: 'allow',
  });
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
  page.on('request', (request) => {
    const { protocol, pathname } = new URL(request.url());
    if (protocol !== 'blob:' && !pathname.startsWith('/chat/')) wrong.push(pathname);
  });
  const [ann, files] = [new Messenger(page), new Files(page)];

  await register(page, 'ann', 'Ann');
  await ann.open(bob.username);
  const his = await aldis.connect(bob);
  const came = new Promise<{ text: string }>((done) => his.once('message', done));
  await ann.send('From under a path');
  expect(await came).toMatchObject({ text: 'From under a path' });
  answer(await his.emitWithAck('message', { receiver: 'ann', text: 'Heard' }));
  await expect(ann.message('Heard')).toBeVisible();
  await files.choose(picture('harbour.png'));
  await ann.send('The harbour');
  await expect(ann.tick('The harbour', 'Delivered')).toBeVisible();
  await painted(page, 'harbour.png');

  // A deep link, opened anew.
  await page.reload();
  await expect(page).toHaveURL(`${proxy.url}/@${bob.username}`);
  await expect(ann.message('The harbour')).toBeVisible();
  await expectKept(ann, { username: 'ann' }, 1, '/chat');
  await installed(page);

  // Without a network the worker opens it, at any address under the path.
  await context.setOffline(true);
  await page.goto(`./@${bob.username}`);
  await expect(ann.message('Heard')).toBeVisible();
  await painted(page, 'harbour.png');
  await ann.send('From the dark');
  await context.setOffline(false);
  await expect(ann.tick('From the dark', 'Delivered')).toBeVisible();

  await page.getByRole('button', { name: 'Account of Ann' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page).toHaveURL(`${proxy.url}/login`);
  await expect
    .poll(() =>
      page.evaluate(async () => [
        ...Object.keys(localStorage),
        ...(await indexedDB.databases()).map(({ name }) => name),
      ]),
    )
    .toEqual([]);
  await page.goto(`./@${bob.username}`);
  await expect(page).toHaveURL(`${proxy.url}/login?next=%2F@${bob.username}`);
  expect(wrong.filter((text) => !/ERR_INTERNET_DISCONNECTED|Failed to load resource/.test(text))).toEqual([]);
  his.close();
  await context.close();
  await proxy.end();
  await aldis.end();
});
