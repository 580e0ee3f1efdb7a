import type { Page } from '@playwright/test';

import { say, type Aldis, type Person } from '../../support/aldis.ts';
import { annAndBob, picture, send, text } from '../../support/files.ts';
import { FILM } from '../../support/samples.ts';
import {
  browserOf,
  expect,
  expectKept,
  fits,
  hold,
  Messenger,
  PHONE,
  test,
  violations,
} from '../../support/web.ts';

const LIST = /\/api\/conversations\/[^/]+\/attachments\?/;
const DESKTOP = { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' } as const;
const film = { name: 'waves.webm', mimeType: 'video/webm', buffer: FILM };

const row = (page: Page) => page.getByRole('button', { name: 'Media, files and links' });
const tab = (page: Page, name: string) => page.getByRole('tab', { name });
const panel = (page: Page) => page.getByRole('tabpanel');
const squares = (page: Page) => panel(page).locator('.media-square');
const names = (page: Page) =>
  squares(page).evaluateAll((all) => all.map((square) => square.ariaLabel!.split(',')[0]));

async function openList(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await row(page).click();
  await expect(tab(page, 'Media')).toBeFocused();
}

/** Many words, so that what was before them is not in memory. */
async function talk(aldis: Aldis, from: Person, to: Person): Promise<void> {
  const socket = await aldis.connect(from);
  for (let index = 1; index <= 150; index++)
    await say(socket, { receiver: to.username, text: `Line ${index}.` });
  socket.close();
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`51. media, files and links of a conversation are in one place (${colorScheme})`, async ({
    aldis,
    browser,
  }) => {
    const [ann, bob] = await annAndBob(aldis);
    await send(aldis, bob, ann, 'First', picture('first.png'));
    await send(aldis, bob, ann, '', film);
    await send(aldis, ann, bob, 'Minutes', text('minutes.txt', 'x'.repeat(4_200)));
    await send(aldis, bob, ann, 'Read https://www.aldis.example/watch?at=night by tonight');
    await talk(aldis, bob, ann);
    await send(aldis, ann, bob, '', picture('second.png'), picture('third.png'));
    await aldis.readAll(ann);
    const page = await browserOf(browser, aldis, ann, { ...DESKTOP, colorScheme });
    const messenger = new Messenger(page);
    await messenger.open(bob.username);
    await openList(page);

    await expect(messenger.conversation('Bob')).toHaveAttribute('aria-current', 'page');
    await expect(squares(page)).toHaveCount(4);
    expect(await names(page)).toEqual([
      'Open photo second.png',
      'Open photo third.png',
      'Play film waves.webm',
      'Open photo first.png',
    ]);
    const month = new Intl.DateTimeFormat('en', { month: 'long', year: 'numeric' }).format(new Date());
    await expect(panel(page).getByRole('heading', { name: month })).toBeVisible();
    const shapes = await squares(page).evaluateAll((all) => all.map((one) => one.getBoundingClientRect()));
    for (const { width, height } of shapes) expect(Math.abs(width - height)).toBeLessThan(1);
    // What is seen of a picture is its square, whatever shape it has.
    const seen = panel(page).locator('.media-square img');
    await expect(seen).toHaveCount(3);
    for (const image of await seen.all())
      expect((await image.boundingBox())!.height).toBeCloseTo(shapes[0]!.height, 0);
    expect(await violations(page)).toEqual([]);

    // The viewer is in the order of time, and leads to where it was said.
    await squares(page).last().click();
    const viewer = page.getByRole('dialog', { name: 'Photo' });
    await expect(viewer.getByRole('status')).toHaveText('1 of 3');
    await page.keyboard.press('Escape');
    await expect(viewer).toHaveCount(0);
    await expect(squares(page).last()).toBeFocused();
    await expect(messenger.message('First')).toHaveCount(0);
    await squares(page).last().click();
    await viewer.getByRole('button', { name: 'Show in chat' }).click();
    await messenger.pointedOut('First');
    await expect(messenger.message('First')).toBeInViewport();

    // A film plays over the page. Esc is for what lies above, and then leads back.
    await page.getByRole('button', { name: /^Play film/ }).click();
    const player = page.getByRole('dialog', { name: 'waves.webm' });
    await expect(player.getByLabel('Video waves.webm')).toHaveJSProperty('readyState', 4);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await expect(player).toHaveCount(0);
    await expect(tab(page, 'Media')).toBeVisible();

    await tab(page, 'Files').click();
    const file = panel(page).getByRole('button', { name: 'Download minutes.txt' });
    await expect(file).toContainText(/TXT · 4.2 kB · You · \d/);
    expect(await violations(page)).toEqual([]);
    const saved = page.waitForEvent('download');
    await file.click();
    expect((await saved).suggestedFilename()).toBe('minutes.txt');
    await panel(page).getByRole('button', { name: 'Show minutes.txt in chat' }).click();
    await messenger.pointedOut('Minutes');

    await tab(page, 'Links').click();
    const link = panel(page).getByRole('link');
    await expect(link).toHaveAttribute('href', 'https://www.aldis.example/watch?at=night');
    await expect(link).toHaveAttribute('rel', 'noopener noreferrer');
    await expect(link.locator('.media-title')).toHaveText('aldis.example/watch?at=night');
    await expect(link.locator('.media-host')).toHaveText('www.aldis.example');
    await expect(link.locator('.media-text')).toContainText('by tonight');
    await expect(link).toContainText('Bob');
    expect(await violations(page)).toEqual([]);
    await panel(page)
      .getByRole('button', { name: /^Show aldis.example/ })
      .click();
    await messenger.pointedOut('Read https://www.aldis.example/watch?at=night by tonight');

    await page.keyboard.press('Escape');
    await expect(row(page)).toBeFocused();
    await page.context().close();
  });
}

test('with the keyboard alone: tabs and squares by the arrows, Esc leads back', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  for (let index = 0; index < 5; index++) await send(aldis, bob, ann, '', picture(`${index}.png`, 60, 40));
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  await new Messenger(page).open(bob.username);
  await page.getByRole('button', { name: 'Details', exact: true }).focus();
  await page.keyboard.press('Enter');
  await row(page).focus();
  await page.keyboard.press('Enter');
  await expect(tab(page, 'Media')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(tab(page, 'Links')).toBeFocused();
  await expect(panel(page)).toContainText('No links yet');
  await page.keyboard.press('Home');
  await expect(squares(page)).toHaveCount(5);
  await page.keyboard.press('Tab');
  const at = (index: number) => expect(squares(page).nth(index)).toBeFocused();
  await at(0);
  // Three in a row.
  for (const [key, index] of [
    ['ArrowRight', 1],
    ['ArrowDown', 4],
    ['ArrowUp', 1],
    ['End', 4],
    ['ArrowLeft', 3],
  ] as const) {
    await page.keyboard.press(key);
    await at(index);
  }
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Photo' }).getByRole('status')).toHaveText('2 of 5');
  await page.keyboard.press('Escape');
  await at(3);
  await page.keyboard.press('Escape');
  await expect(row(page)).toBeFocused();
  await page.context().close();
});

test('on a phone it is a page, out of which Back leads', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'First', picture('first.png'), text('a.txt'));
  await send(aldis, bob, ann, 'See https://aldis.example/x');
  await talk(aldis, bob, ann);
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, { ...PHONE, reducedMotion: 'reduce' });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await page.getByRole('button', { name: 'Details', exact: true }).tap();
  await row(page).tap();
  for (const name of ['Media', 'Files', 'Links']) {
    await tab(page, name).tap();
    await expect(panel(page).locator('.media-square, .media-row')).toHaveCount(1);
    await fits(page, name);
    expect(await violations(page)).toEqual([]);
  }
  expect((await messenger.details.boundingBox())!).toMatchObject({ x: 0, y: 0, width: 360, height: 640 });
  await page.goBack();
  await expect(row(page)).toBeFocused();
  await row(page).tap();
  await page.getByRole('button', { name: 'Back to the details' }).tap();
  await expect(row(page)).toBeFocused();

  await row(page).tap();
  await tab(page, 'Files').tap();
  await panel(page).getByRole('button', { name: 'Show a.txt in chat' }).tap();
  await expect(messenger.details).toHaveCount(0);
  await messenger.pointedOut('First');
  await expect(messenger.message('First')).toBeInViewport();
  expect(new URL(page.url()).hash).toBe('');
  await page.context().close();
});

test('it is empty, loads, fails and goes on, and says so', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Hello');
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  await new Messenger(page).open(bob.username);
  const held = await hold(page, LIST);
  await openList(page);
  await expect(panel(page).locator('.skeleton').first()).toBeVisible();
  await expect(panel(page)).toHaveAttribute('aria-busy', 'true');
  await held.release();
  for (const [name, sentence] of [
    ['Media', 'No pictures or films yet'],
    ['Files', 'No files yet'],
    ['Links', 'No links yet'],
  ] as const) {
    await tab(page, name).click();
    await expect(panel(page).getByRole('heading', { name: sentence })).toBeVisible();
    await expect(panel(page).locator('.skeleton')).toHaveCount(0);
  }
  expect(await violations(page)).toEqual([]);

  // What comes while one looks is there.
  for (let index = 1; index <= 70; index++) await send(aldis, bob, ann, `https://aldis.example/${index}`);
  await expect(panel(page).getByRole('link')).toHaveCount(70);
  await page.reload();
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await expect(tab(page, 'Links')).toHaveAttribute('aria-selected', 'true');
  await expect(panel(page).getByRole('link').first()).toContainText('aldis.example/70');

  await page.route(LIST, (route) =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: '',
        title: '',
        status: 503,
        code: 'overloaded',
        detail: 'Busy.',
        retryable: true,
      }),
    }),
  );
  await panel(page).evaluate((panel) => panel.scrollTo(0, panel.scrollHeight));
  await expect(panel(page).getByRole('alert')).toContainText('Busy.');
  expect(await violations(page)).toEqual([]);
  await page.unroute(LIST);
  await panel(page).getByRole('button', { name: 'Try again' }).click();
  await expect(panel(page).getByRole('link')).toHaveCount(70);
  await expect(panel(page).getByRole('link').last()).toContainText('aldis.example/1');
  await expect(panel(page).locator('.skeleton')).toHaveCount(0);
  await page.context().close();
});

test('what is deleted goes, and a newcomer to a group sees nothing of before', async ({ aldis, browser }) => {
  const [ann, bob, cat] = [await aldis.person('ann', 'Ann'), ...(await annAndBob(aldis))] as const;
  const group = await aldis.group('Crew', [bob, cat]);
  const write = (said: string) =>
    aldis.call<{ id: string }>('POST', `/api/conversations/${group.id}/messages`, { text: said }, bob.token);
  await write('https://early.example/a');
  await aldis.call('PUT', `/api/conversations/${group.id}/members/${ann.username}`, {}, bob.token);
  const late = await write('https://late.example/b');
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  await new Messenger(page).openGroup(group);
  await openList(page);
  await tab(page, 'Links').click();
  await expect(panel(page).getByRole('link')).toHaveText(/late\.example/);
  await aldis.call('DELETE', `/api/conversations/${group.id}/messages/${late.id}`, undefined, bob.token);
  await expect(panel(page)).toContainText('No links yet');
  await page.context().close();
});

test('without a connection it has what is kept here, and says so', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, '', picture('first.png'));
  await send(aldis, bob, ann, 'See https://aldis.example/x');
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await expectKept(messenger, ann, 1);
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible();
  await openList(page);
  await expect(squares(page)).toHaveCount(1);
  await expect(panel(page).getByText('only what is kept on this device')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.context().setOffline(false);
  await expect(panel(page).getByText('only what is kept on this device')).toHaveCount(0, { timeout: 20_000 });
  await expect(squares(page)).toHaveCount(1);
  await page.context().close();
});

test('another chat has its details, and Back leads to the list of the one before', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const group = await aldis.group('Crew', [ann, bob]);
  await send(aldis, bob, ann, 'Hello', picture('first.png'));
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  const messenger = new Messenger(page);
  await messenger.openGroup(group);
  await openList(page);
  await messenger.conversation('Bob').click();
  await expect(messenger.details.getByRole('heading', { name: 'Person' })).toBeVisible();
  await row(page).click();
  await expect(squares(page)).toHaveCount(1);
  // Closed by the button of the chat, it leaves nothing in the address.
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await expect(messenger.details).toHaveCount(0);
  await expect.poll(() => new URL(page.url()).hash).toBe('');
  expect(decodeURIComponent(new URL(page.url()).pathname)).toBe(`/@${bob.username}`);
  await page.getByRole('button', { name: 'Details', exact: true }).click();
  await page.goBack();
  await expect(panel(page)).toContainText('No pictures or films yet');
  await expect(messenger.conversation('Crew')).toHaveAttribute('aria-current', 'page');
  await page.context().close();
});

test('thousands of links in messages are listed as they are scrolled to', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'first.example.org');
  const many = Array.from({ length: 1_500 }, (_, index) => `n${index}.de`);
  for (let index = 0; index < 3; index++) await send(aldis, bob, ann, many.join(' '));
  await send(aldis, bob, ann, Array.from({ length: 250 }, (_, index) => `l${index}.org`).join(' '));
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  await new Messenger(page).open(bob.username);
  await openList(page);
  await tab(page, 'Links').click();
  const links = panel(page).getByRole('link');
  await expect(links.first()).toContainText('l0.org');
  expect(await links.count()).toBeLessThanOrEqual(200);
  // Those of the next message follow.
  await expect(async () => {
    await links.last().scrollIntoViewIfNeeded();
    await expect(links.filter({ hasText: /^\s*n20\.de/ }).first()).toBeVisible({ timeout: 100 });
  }).toPass();
  expect(await links.count()).toBeLessThanOrEqual(700);
  await page.context().close();
});
