import AxeBuilder from '@axe-core/playwright';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, PHONE, test } from '../../support/web.ts';

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

test('25. search and jump: the target is in the window and marked', async ({ aldis, browser }) => {
  const { ann, bob } = await written(aldis);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await page.goto('/');
  await expect(messenger.conversation('Bob')).toBeVisible();

  await page.getByRole('button', { name: 'Search messages' }).click();
  const field = page.getByRole('searchbox', { name: 'Search messages' });
  await expect(field).toBeFocused();
  await field.fill('lighth');
  const hits = page.getByRole('list', { name: 'Messages found' }).getByRole('listitem');
  await expect(hits).toHaveCount(2);
  await expect(page.getByText('2 messages')).toBeVisible();
  // The newest first; what was found is marked, and what somebody wrote is text.
  await expect(hits.nth(0)).toContainText('Cat');
  await expect(hits.nth(1)).toContainText('The <b>lighthouse</b> & its keeper');
  await expect(hits.nth(1).locator('mark')).toHaveText('lighthouse');

  // How fast this is, is measured where nothing else runs: performance.spec.ts.
  await hits.nth(1).getByRole('button').click();
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
  await page.keyboard.press('Control+Shift+F');
  await expect(field).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await messenger.pointedOut('lighthouse');
  await page.keyboard.press('Control+Shift+F');
  await page.keyboard.press('Escape');
  await expect(messenger.conversation('Bob')).toBeVisible();

  // In one conversation.
  await messenger.open(bob.username);
  await page.getByRole('button', { name: 'Search in this conversation' }).click();
  await page.getByRole('searchbox', { name: 'Search messages with Bob' }).fill('lighthouse');
  await expect(hits).toHaveCount(1);
  await page.getByRole('button', { name: 'Search everywhere' }).click();
  await expect(hits).toHaveCount(2);
  await field.fill('unheard');
  await expect(page.getByText('No message has “unheard” in it.')).toBeVisible();
  // Many: page by page.
  await field.fill('tide');
  await expect(page.getByText('The newest 20 messages')).toBeVisible();
  await expect(hits).toHaveCount(20);
  // Where the list is: to scroll to the button is to ask for the next page already.
  await page.getByRole('button', { name: 'Older ones' }).dispatchEvent('click');
  await expect(hits).toHaveCount(40);
  // Near the end the next page comes by itself.
  await hits.last().scrollIntoViewIfNeeded();
  await expect.poll(() => hits.count()).toBeGreaterThanOrEqual(60);
  await page.context().close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`25. axe finds nothing to complain about in what was found (${colorScheme})`, async ({
    aldis,
    browser,
  }) => {
    const { ann } = await written(aldis);
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    await page.goto('/');
    await page.getByRole('button', { name: 'Search messages' }).click();
    await page.getByRole('searchbox', { name: 'Search messages' }).fill('lighthouse');
    await page.getByRole('button', { name: /^Bob/ }).click();
    await new Messenger(page).pointedOut('lighthouse');
    await page.evaluate(() =>
      Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))),
    );
    const { violations } = await new AxeBuilder({ page: page as never }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
      [],
    );
    await page.context().close();
  });
}

test('25. on a phone what was found takes the place of the chat, which then takes its place', async ({
  aldis,
  browser,
}) => {
  const { ann, bob } = await written(aldis);
  const page = await browserOf(browser, aldis, ann, PHONE);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await page.getByRole('button', { name: 'Search in this conversation' }).tap();
  await page.getByRole('searchbox', { name: 'Search messages with Bob' }).fill('lighthouse');
  await expect(messenger.composer).toBeHidden();
  const small = await page
    .locator('aldis-search :is(button, input):visible')
    .evaluateAll((all) =>
      all.filter((one) => one.getBoundingClientRect().height < 43.5).map(({ outerHTML }) => outerHTML),
    );
  expect(small).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  await page.getByRole('button', { name: /^Bob/ }).tap();
  await messenger.pointedOut('lighthouse');
  await expect(messenger.composer).toBeVisible();
  await page.context().close();
});
