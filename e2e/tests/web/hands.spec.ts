import type { Page } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, PHONE, test, violations } from '../../support/web.ts';

/** The parts that come later are there. */
const attended = (page: Page) => page.waitForResponse(/\/chunk-/).then(() => page.waitForTimeout(0));

/** A finger that goes from one place over others, and is lifted. */
async function swipe(page: Page, ...places: (readonly [number, number])[]): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', at?: readonly [number, number]) =>
    client.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [{ x: at[0], y: at[1] }] : [] });
  await touch('touchStart', places[0]);
  for (const place of places.slice(1)) await touch('touchMove', place);
  await touch('touchEnd');
  await client.detach();
}

test('a double click beside its words answers a message; on them it selects', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Six is early' });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, { reducedMotion: 'reduce' });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const context = page.getByText('Reply to Bob');
  const message = (await messenger.message('Six is early').boundingBox())!;
  const loaded = attended(page);
  await page.mouse.move(message.x + message.width - 40, message.y + message.height / 2);
  await loaded;
  await messenger.last.locator('.text').dblclick({ position: { x: 8, y: 8 } });
  expect(await page.evaluate(() => getSelection()!.toString().trim())).toBe('Six');
  await expect(context).toBeHidden();
  await expect(async () => {
    await page.mouse.dblclick(message.x + message.width - 40, message.y + message.height / 2);
    await expect(context).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await expect(messenger.composer).toBeFocused();
  expect(await page.evaluate(() => getSelection()!.toString())).toBe('');
  socket.close();
  await page.context().close();
});

test('a swipe to the right answers a message; up, to the left or from the edge it does not', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Six is early' });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, PHONE);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const { y, height } = (await messenger.message('Six is early').boundingBox())!;
  const middle = y + height / 2;
  const context = page.getByText('Reply to Bob');
  const loaded = attended(page);
  await swipe(page, [150, middle], [150, middle]);
  await loaded;
  await expect(async () => {
    await swipe(page, [80, middle], [100, middle], [120, middle + 4], [140, middle + 4]);
    await expect(context).toBeVisible({ timeout: 2_000 });
  }).toPass();
  // It is where it was.
  await expect
    .poll(() => messenger.last.evaluate((element) => element.getBoundingClientRect().left))
    .toBeLessThan(20);
  await page.getByRole('button', { name: 'Do not reply' }).click();
  await expect(context).toBeHidden();
  const others: (readonly [number, number])[][] = [
    [
      [80, middle],
      [80, middle - 30],
      [140, middle - 40],
    ],
    [
      [150, middle],
      [130, middle],
      [60, middle],
    ],
    [
      [5, middle],
      [40, middle],
      [90, middle],
    ],
    [
      [80, middle],
      [100, middle],
      [115, middle],
    ],
  ];
  for (const other of others) {
    await swipe(page, ...other);
    await expect(context, JSON.stringify(other)).toBeHidden();
  }
  socket.close();
  await page.context().close();
});

test('marks go around what is selected, by keys and by a bar', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page, composer } = messenger;
  await messenger.open(bob.username);
  await composer.fill('now');
  await expect(page.getByRole('toolbar', { name: 'Marks' })).toHaveCount(0);
  await composer.press('Control+a');
  const bar = page.getByRole('toolbar', { name: 'Marks' });
  await expect(bar).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await composer.press('Control+b');
  await expect(composer).toHaveValue('*now*');
  await composer.press('Control+i');
  await expect(composer).toHaveValue('*_now_*');
  await bar.getByRole('button', { name: 'Italic' }).click();
  await expect(composer).toHaveValue('*now*');
  await composer.press('Control+b');
  await composer.press('Control+Shift+x');
  await expect(composer).toHaveValue('~now~');
  await composer.press('Control+Shift+x');
  await composer.press('Control+e');
  await expect(composer).toHaveValue('`now`');
  await composer.press('Enter');
  await expect(bar).toHaveCount(0);

  // Each of them can be undone, as what one types.
  await composer.pressSequentially('later');
  await composer.press('Control+a');
  await composer.press('Control+b');
  await expect(composer).toHaveValue('*later*');
  await composer.press('Control+z');
  await expect(composer).toHaveValue('later');
  await composer.press('End');
  await composer.pressSequentially(' :anch');
  await expect(page.getByRole('option')).not.toHaveCount(0);
  await composer.press('Enter');
  await expect(composer).not.toHaveValue(/:/);
  await composer.press('Control+z');
  await expect(composer).toHaveValue('later :anch');
  await composer.fill('');
  await expect(messenger.last.locator('.code')).toHaveText('now');
  await page.context().close();
});
