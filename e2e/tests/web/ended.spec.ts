// A session that is over, from here or from afar, leaves nothing of its messages in the browser.
import type { Page } from '@playwright/test';

import type { LoggedIn } from '../../../web/src/app/protocol/protocol.ts';
import { type Aldis, type Person, say } from '../../support/aldis.ts';
import { browserOf, expect, expectKept, Messenger, test } from '../../support/web.ts';

/** What the browser keeps of anybody, seen from a page of the same site that is none of the client. */
async function left(page: Page): Promise<string[]> {
  const other = await page.context().newPage();
  await other.goto('/livez');
  const found = await other.evaluate(async () => [
    ...(await indexedDB.databases()).map(({ name }) => `database ${name}`),
    ...(await caches.keys()).filter((name) => name.startsWith('aldis:')).map((name) => `cache ${name}`),
    ...Object.keys(localStorage).filter((key) => key !== 'aldis:theme'),
  ]);
  await other.close();
  return found;
}

async function couple(aldis: Aldis): Promise<[Person, Person]> {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'A secret' });
  socket.close();
  return [ann, bob];
}

/** Messages, a picture's place, a draft, and something that was not sent. */
async function fill(messenger: Messenger, ann: Person, bob: Person): Promise<void> {
  await messenger.open(bob.username);
  await expect(messenger.message('A secret')).toBeVisible();
  await expectKept(messenger, ann, 1);
  await messenger.composer.fill('half a secret');
  await messenger.page.evaluate(async (name) => {
    localStorage.setItem('aldis:theme', 'dark');
    await (await caches.open(name)).put('/api/attachments/x/thumbnail', new Response('picture'));
  }, `aldis:${ann.username}`);
}

const session = (page: Page) =>
  page.evaluate(() => JSON.parse(localStorage.getItem('aldis:session')!) as LoggedIn);
const endAll = async (aldis: Aldis, page: Page) =>
  aldis.call('POST', '/auth/logout', undefined, (await session(page)).token);

const ENDED = 'Your session has ended: it was logged out from another device.';

test('a session ended from afar is gone from all tabs within a second, with all that it left', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await couple(aldis);
  const first = new Messenger(await browserOf(browser, aldis, ann));
  await fill(first, ann, bob);
  const second = new Messenger(await first.page.context().newPage());
  await second.open(bob.username);
  await endAll(aldis, first.page);
  for (const { page } of [first, second]) await expect(page.getByText(ENDED)).toBeVisible({ timeout: 3_000 });
  await expect.poll(() => left(first.page), { timeout: 1_500 }).toEqual([]);
  // How the client looks is no secret.
  expect(await first.page.evaluate(() => localStorage.getItem('aldis:theme'))).toBe('dark');
  await first.page.context().close();
});

test('a session that ended while no page was open is gone at the next start', async ({ aldis, browser }) => {
  const [ann, bob] = await couple(aldis);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await fill(messenger, ann, bob);
  const { token } = await session(messenger.page);
  await messenger.page.goto('about:blank');
  await aldis.call('POST', '/auth/logout', undefined, token);
  await messenger.page.goto('/');
  await expect(messenger.page.getByText(ENDED)).toBeVisible();
  await expect.poll(() => left(messenger.page)).toEqual([]);
  await messenger.page.context().close();
});

test('any request that hears of the end is enough, without the live connection', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await couple(aldis);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await fill(messenger, ann, bob);
  const { token } = await session(page);
  await page.goto('about:blank');
  await page.routeWebSocket('**/socket.io/**', () => undefined);
  await page.route('**/socket.io/**', () => undefined);
  await messenger.open(bob.username);
  await aldis.call('POST', '/auth/logout', undefined, token);
  await page.getByRole('button', { name: 'Details' }).click();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search' }).fill('secret');
  await expect(page.getByText(ENDED)).toBeVisible();
  await expect.poll(() => left(page)).toEqual([]);
  await page.context().close();
});

test('the login page removes what earlier sessions left', async ({ aldis, browser }) => {
  const page = await (await browser.newContext({ baseURL: aldis.url })).newPage();
  await page.goto('/livez');
  await page.evaluate(async () => {
    localStorage.setItem('aldis:draft:old:@bob', 'words');
    await new Promise((done) => (indexedDB.open('aldis:old', 1).onsuccess = done));
    await caches.open('aldis:old');
  });
  expect(await left(page)).toHaveLength(3);
  await page.goto('/login');
  await expect.poll(() => left(page)).toEqual([]);
  await page.context().close();
});

test('a server that does not answer keeps nobody logged in, and hears of it all the same', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await couple(aldis);
  const page = await browserOf(browser, aldis, ann);
  await page.goto('/');
  await fill(new Messenger(page), ann, bob);
  await page.route('/auth/logout', () => undefined);
  await page.getByRole('button', { name: 'Account of Ann' }).click();
  const asked = page.waitForRequest('/auth/logout');
  await page.getByRole('button', { name: 'Log out' }).click();
  await asked;
  await expect(page.getByText('You are logged out.')).toBeVisible({ timeout: 3_000 });
  await expect.poll(() => left(page)).toEqual([]);
  // Back is not the way to what was there.
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await expect(page.getByText('A secret')).toHaveCount(0);
  await page.context().close();
});

test('a page that the browser shows again as it was, after the session ended, begins anew', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await couple(aldis);
  const page = await browserOf(browser, aldis, ann);
  await fill(new Messenger(page), ann, bob);
  await page.evaluate(() => {
    // In this page itself, which hears nothing of it.
    localStorage.removeItem('aldis:session');
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  });
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await page.context().close();
});

test('the page of one person never gets the session of another', async ({ aldis, browser }) => {
  const [ann, bob] = await couple(aldis);
  const page = await browserOf(browser, aldis, ann);
  const attends = page.waitForRequest('/api/users/me');
  await fill(new Messenger(page), ann, bob);
  await attends;
  const theirs = await aldis.login(bob.username);
  // The document of Ann asks as soon as it hears of another session, and the next document takes a while to
  // come.
  await page.evaluate(() =>
    addEventListener('storage', () =>
      setTimeout(() => document.dispatchEvent(new Event('visibilitychange'))),
    ),
  );
  const asked: string[] = [];
  let gone = false;
  page.on('request', (request) => {
    if (!gone && request.headers()['authorization'] === `Bearer ${theirs.token}`) asked.push(request.url());
  });
  await page.route('/', async (route) => {
    const answer = await route.fetch();
    // Long enough for what the old document does in the next task.
    for (let turn = 0; turn < 20; turn++) await fetch(`${aldis.url}/livez`);
    gone = true;
    await route.fulfill({ response: answer });
  });
  const other = await page.context().newPage();
  await other.goto('/livez');
  await other.evaluate((text) => localStorage.setItem('aldis:session', text), JSON.stringify(theirs));
  await expect(page.getByRole('button', { name: 'Account of Bob' })).toBeVisible();
  expect(asked).toEqual([]);
  await page.context().close();
});

test('a tab at the login page goes on once somebody logs in in another tab', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await (await browser.newContext({ baseURL: aldis.url })).newPage();
  await page.goto('/login');
  const other = await page.context().newPage();
  await other.goto('/login');
  await other.getByLabel('Username').fill(ann.username);
  await other.getByLabel('Password', { exact: true }).fill(ann.password);
  await other.getByRole('button', { name: 'Log in' }).click();
  for (const one of [other, page])
    await expect(one.getByRole('button', { name: 'Account of Ann' })).toBeVisible();
  await page.context().close();
});
