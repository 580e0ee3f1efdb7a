import type { Page } from '@playwright/test';

import { Aldis, say } from '../../support/aldis.ts';
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

/** Bob wrote 600 lines, one of them far up about a lighthouse; Cat wrote of one, too. */
async function written(aldis: Parameters<typeof browserOf>[1]) {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const socket = await aldis.connect(bob);
  await Promise.all(
    Array.from({ length: 600 }, (_, index) =>
      say(socket, {
        receiver: ann.username,
        text:
          index === 99
            ? 'The <b>lighthouse</b> & its keeper'
            : `Line ${index + 1}. ${'The tide waits for nobody. '.repeat((index * 7) % 5)}`,
      }),
    ),
  );
  socket.close();
  const other = await aldis.connect(cat);
  await say(other, { receiver: ann.username, text: 'No lighthouse in sight' });
  other.close();
  await aldis.readAll(ann);
  return { ann, bob, cat };
}

const options = (page: Page, section?: string) =>
  (section ? page.getByRole('group', { name: section, exact: true }) : page).getByRole('option');

test('25. search and jump: the target is in the window and marked', async ({ aldis, browser }) => {
  const { ann } = await written(aldis);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await page.goto('/');
  await expect(messenger.conversation('Bob')).toBeVisible();

  const field = page.getByRole('combobox', { name: 'Search' });
  await field.fill('lighth');
  const hits = options(page, 'Messages');
  await expect(hits).toHaveCount(2);
  await expect(page.getByText('2 messages')).toBeAttached();
  // The newest first; what was found is marked, and what somebody wrote is text.
  await expect(hits.nth(0)).toContainText('Cat');
  await expect(hits.nth(1)).toContainText('The <b>lighthouse</b> & its keeper');
  await expect(hits.nth(1).locator('mark')).toHaveText('lighthouse');

  // How fast this is, is measured where nothing else runs: performance.spec.ts.
  await hits.nth(1).click();
  await messenger.pointedOut('The <b>lighthouse</b> & its keeper');
  await expect(page.getByRole('heading', { name: 'Bob' })).toBeVisible();
  await expect(messenger.message('The <b>lighthouse</b> & its keeper')).toBeInViewport();

  // From there on upwards and down, and to the end with one click.
  await page.mouse.move(1_000, 400);
  await page.mouse.wheel(0, -300);
  await expect(messenger.messages.filter({ hasText: /Line 94\./ })).toBeInViewport();
  await page.getByRole('button', { name: 'To the newest message' }).click();
  await expect(messenger.last).toContainText('Line 600');
  await expect(messenger.last).toBeInViewport();

  // The same again, from the keyboard; then back to the list, and the focus to where it was.
  await page.keyboard.press('Control+k');
  await expect(field).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await messenger.pointedOut('lighthouse');
  await field.press('Escape');
  await expect(field).toHaveValue('');
  await expect(messenger.conversation('Bob')).toBeVisible();

  await page.keyboard.press('Control+k');
  await field.fill('unheard');
  await expect(page.getByText('Nothing found for “unheard”.').first()).toBeVisible();
  // Many: page by page.
  await field.fill('tide');
  await expect(page.getByText('the newest 20 messages')).toBeAttached();
  // The last of them leads to older ones.
  await expect(hits).toHaveCount(21);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect.poll(() => hits.count()).toBeGreaterThanOrEqual(41);
  // Near the end the next page comes by itself.
  await hits.last().scrollIntoViewIfNeeded();
  await expect.poll(() => hits.count()).toBeGreaterThanOrEqual(61);
  await page.context().close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`24. one field finds people, groups and messages, by the keyboard alone (${colorScheme})`, async ({
    browser,
  }) => {
    const aldis = await Aldis.start();
    const [ann, jose] = [await aldis.person('Ann', 'Ann'), await aldis.person('Jose', 'José Øre')];
    const oreste = await aldis.person('oreste', 'Oreste');
    const group = await aldis.group('Oregon', [ann, jose]);
    const socket = await aldis.connect(jose);
    await say(socket, { receiver: ann.username, text: 'Iron ore, all of it' });
    socket.close();
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    const messenger = new Messenger(page);
    await messenger.openGroup(group);
    await messenger.open(jose.username);

    // What one looked at last, but not what one looks at; Enter is all it takes to go back.
    await page.keyboard.press('Control+k');
    const field = page.getByRole('combobox', { name: 'Search' });
    await expect(field).toBeFocused();
    await expect(options(page, 'Recent')).toHaveText(/Oregon/);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'Oregon' })).toBeVisible();
    await expect(messenger.composer).toBeFocused();

    // Everything that is called so or has the word in it, in its section.
    await page.keyboard.press('Control+k');
    await field.fill('ORE');
    await expect(page.getByText('2 people, 1 group, 1 message')).toBeAttached();
    await expect(options(page, 'People')).toHaveText(/José Øre/);
    await expect(options(page, 'Groups')).toHaveText(/Oregon/);
    await expect(options(page, 'More people')).toHaveText(/Oreste/);
    await expect(options(page, 'Messages')).toHaveText(/Iron ore/);
    expect(await violations(page)).toEqual([]);
    // The arrow keys lead through all of it, and around its end.
    const active = page.locator('[role="option"][aria-selected="true"]');
    for (const text of ['José', 'Oregon', 'Oreste', 'Iron', 'José']) {
      await expect(active).toContainText(text);
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('ArrowDown');
    await expect(active).toContainText('Oreste');
    await page.keyboard.press('Enter');
    await expect(page).toHaveURL(`${aldis.url}/@${oreste.username}`);
    await expect(messenger.conversation('José Øre')).toBeVisible();
    await page.context().close();
    await aldis.end();
  });
}

test('24. answers come to fixed places, and what fails hides nothing else', async ({ browser }) => {
  const aldis = await Aldis.start();
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  await aldis.person('boris', 'Boris');
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Boats' });
  socket.close();
  const page = await browserOf(browser, aldis, ann);
  await page.goto('/');
  await expect(new Messenger(page).conversation('Bob')).toBeVisible();
  const people = await hold(page, /\/api\/users\?/);
  const field = page.getByRole('combobox', { name: 'Search' });
  await field.fill('bo');
  // Whom one knows is there at once, and messages do not wait for ever.
  await expect(options(page, 'People')).toHaveText(/Bob/);
  await expect(options(page, 'Messages')).toHaveText(/Boats/);
  const { y } = (await options(page, 'Messages').boundingBox())!;
  await people.release();
  await expect(options(page, 'More people')).toHaveText(/Boris/);
  expect((await options(page, 'Messages').boundingBox())!.y).toBe(y);

  await page.route(/\/api\/search/, (route) => route.fulfill({ status: 500, body: '{}' }));
  await field.fill('bor');
  const again = options(page, 'Messages').filter({ hasText: 'Try again' });
  await expect(again).toBeVisible();
  await expect(options(page, 'More people')).toHaveText(/Boris/);
  expect(await violations(page)).toEqual([]);
  await page.unroute(/\/api\/search/);
  await again.click();
  await expect(again).toBeHidden();
  await page.context().close();
  await aldis.end();
});

test('24. on a phone the search takes the place of the list, or of the chat', async ({ aldis, browser }) => {
  const { ann, bob } = await written(aldis);
  const page = await browserOf(browser, aldis, ann, PHONE);
  const messenger = new Messenger(page);
  await page.goto('/');
  await page.getByRole('combobox', { name: 'Search' }).tap();
  await options(page, 'Recent').first().waitFor();
  await fits(page, 'what was looked at last');
  await page.getByRole('button', { name: 'Close the search' }).tap();
  await expect(messenger.conversation('Bob')).toBeVisible();

  const field = page.getByRole('combobox', { name: 'Search' });
  await messenger.open(bob.username);
  await page.keyboard.press('Control+k');
  await expect(field).toBeFocused();
  await expect(messenger.composer).toBeHidden();
  await field.fill('lighthouse');
  await options(page, 'Messages').first().waitFor();
  await fits(page, 'what was found');
  await options(page, 'Messages').first().tap();
  await messenger.pointedOut('lighthouse');
  await expect(messenger.composer).toBeVisible();
  await page.context().close();
});

test('24. without a connection what is kept on this device is searched, and that is said', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = [
    await aldis.person('Ann', 'Ann'),
    await aldis.person('Bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  for (const other of [bob, cat]) {
    const socket = await aldis.connect(other);
    for (let index = 1; index <= 60; index++)
      await say(socket, {
        receiver: ann.username,
        text: index === 5 ? `The lighthouse of ${other.username}` : `Line ${index}`,
      });
    socket.close();
  }
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  for (const [index, other] of [bob, cat].entries()) {
    await messenger.open(other.username);
    await expect(messenger.message('Line 60')).toBeVisible();
    // To the beginning, so that all of it is kept.
    await page.mouse.move(800, 400);
    await expect(async () => {
      await page.mouse.wheel(0, -5_000);
      await expect(messenger.message(`The lighthouse of ${other.username}`)).toBeVisible({ timeout: 500 });
    }).toPass();
    // Before the page of the next one.
    await expectKept(messenger, ann, index + 1);
  }
  // The part that searches is there before the connection goes.
  const field = page.getByRole('combobox', { name: 'Search' });
  await page.keyboard.press('Control+k');
  await options(page, 'Recent').first().waitFor();
  await field.press('Escape');
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible();

  await page.keyboard.press('Control+k');
  await field.fill('LIGHTH');
  const hits = options(page, 'Messages');
  const note = 'only what is kept on this device was searched';
  await expect(hits).toHaveText([/of cat/i, /of bob/i, new RegExp(note)]);
  await expect(page.getByRole('group', { name: 'Messages' })).toContainText(note);
  expect(await violations(page)).toEqual([]);
  await hits.nth(1).click();
  await messenger.pointedOut(`The lighthouse of ${bob.username}`);

  // In the chat, too; and again with the connection, which finds everything.
  await field.press('Escape');
  await page.getByRole('button', { name: 'Search in this conversation' }).click();
  const bar = page.getByRole('search', { name: 'In this conversation' });
  await bar.getByRole('searchbox').fill('lighthouse');
  await expect(bar.getByRole('alert')).toContainText(note);
  await expect(bar.getByRole('status')).toHaveText('1 of 1');
  expect(await violations(page)).toEqual([]);
  await page.context().setOffline(false);
  await expect(messenger.banner).toBeHidden();
  await bar.getByRole('button', { name: 'Try again' }).click();
  await expect(bar.getByRole('alert')).toBeHidden();
  await expect(bar.getByRole('status')).toHaveText('1 of 1');
  await page.context().close();
});
