// Where the page cannot work it says so, and what helps.
import type { Route } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

const DID_NOT_START = 'Aldis did not start. Check the connection, and load the page once more.';

const refuse = (route: Route) => route.abort();

test('without scripts the page says that it needs them', async ({ aldis, browser }) => {
  const context = await browser.newContext({ baseURL: aldis.url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/');
  // Its text is not among what `getByText` looks through.
  const note = page.locator('noscript p');
  await expect(note).toBeVisible();
  await expect(note).toHaveText('Aldis needs JavaScript, which is switched off in this browser.');
  await context.close();
});

test('a script that does not come is said, and a reload helps', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  // The first one, and later one of those that it asks for.
  for (const script of [/\/main-\w+\.js/, /\/chunk-\w+\.js/]) {
    await page.route(script, refuse);
    await page.goto(`/@${bob.username}`);
    await expect(page.getByRole('alert')).toContainText(DID_NOT_START);
    await page.unroute(script);
    await page.getByRole('button', { name: 'Reload' }).click();
    await messenger.composer.waitFor();
    await expect(page.getByText(DID_NOT_START)).toBeHidden();
  }
  await page.context().close();
});

test('a browser that is too old is told so, and shown no half of a page', async ({ aldis, browser }) => {
  const page = await browser.newPage({ baseURL: aldis.url });
  await page.addInitScript(() => Reflect.deleteProperty(Map, 'groupBy'));
  await page.goto('/');
  await expect(page.getByRole('alert')).toContainText('This browser is too old for Aldis.');
  await expect(page.locator('aldis-root')).toBeEmpty();
  await page.context().close();
});

test('a part that is loaded later and is not there any more is said, and a reload helps', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  // Who has no conversation yet is shown a part that comes with the others.
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  socket.close();
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await page.goto(`/@${bob.username}`);
  await messenger.composer.waitFor();
  // As after an upgrade of the server: its client has other parts.
  const gone = (route: Route) => route.fulfill({ status: 404, body: '' });
  await page.route(/\.js$/, gone);
  await page.keyboard.press('Control+,');
  const note = page.getByText('A part of Aldis could not be loaded.');
  await expect(note).toBeVisible();
  await messenger.send('All the same');
  await expect(messenger.tick('All the same', 'Sent')).toBeVisible();
  await page.unroute(/\.js$/, gone);
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(messenger.message('All the same')).toBeVisible();
  await expect(note).toBeHidden();
  await page.keyboard.press('Control+,');
  await expect(page.getByRole('dialog', { name: 'Settings' })).toBeVisible();
  await page.context().close();
});
