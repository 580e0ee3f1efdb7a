// As people set their systems: forced colours, a page that is enlarged, a phone that lies on its side.
import type { Locator } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, test } from '../../support/web.ts';

const style = (of: Locator, name: string) =>
  of.evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), name);

test('54. with forced colours one still sees whose a message is, what is chosen, unread and on', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
  await say(his, { receiver: ann.username, text: 'From Bob' });
  await say(hers, { receiver: ann.username, text: 'From Cat' });
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { forcedColors: 'active' }));
  const { page } = messenger;
  await messenger.open(bob.username);
  await messenger.send('From Ann');
  await expect(messenger.tick('From Ann', 'Sent').or(messenger.tick('From Ann', 'Delivered'))).toBeVisible();
  const bubble = (text: string) => messenger.message(text).locator('.bubble');
  expect(await style(bubble('From Bob'), 'border-inline-end-width')).toBe('1px');
  expect(await style(bubble('From Ann'), 'border-inline-end-width')).toBe('4px');
  const ground = await style(page.locator('body'), 'background-color');
  const [chosen, other] = [messenger.conversation('Bob'), messenger.conversation('Cat')];
  expect(await style(chosen, 'outline-style')).toBe('solid');
  expect(await style(other, 'outline-style')).toBe('none');
  expect(await style(other.locator('.badge'), 'background-color')).not.toBe(ground);
  expect(await style(other.locator('.presence-dot'), 'background-color')).not.toBe(ground);
  await page.keyboard.press('Control+,');
  await page.getByRole('button', { name: 'Privacy' }).click();
  const control = page.getByRole('switch').first();
  const off = await style(control.locator('.switch'), 'background-color');
  await control.click();
  await expect.poll(() => style(control.locator('.switch'), 'background-color')).not.toBe(off);
  his.close();
  hers.close();
  await page.context().close();
});

test('54. at 400 % one can read, write and set things without scrolling sideways', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Can you read this?' });
  // A window of 1280 × 1024, enlarged four times.
  const viewport = { width: 320, height: 256 };
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { viewport }));
  const { page } = messenger;
  await page.goto('/');
  await messenger.conversation('Bob').click();
  await expect(messenger.message('Can you read this?')).toBeInViewport();
  await messenger.send('I can');
  await expect(messenger.message('I can')).toBeInViewport();
  await expect(messenger.composer).toBeInViewport({ ratio: 1 });
  await page.keyboard.press('Control+,');
  const close = page.getByRole('dialog', { name: 'Settings' }).getByRole('button', { name: 'Close' });
  await expect(close).toBeInViewport({ ratio: 1 });
  const sideways = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(await sideways()).toBe(0);
  socket.close();
  await page.context().close();
});

test('55. on a phone that lies on its side nothing is under the notch', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const viewport = { width: 844, height: 390 };
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { viewport, hasTouch: true }));
  const { page } = messenger;
  const developer = await page.context().newCDPSession(page);
  await developer.send('Emulation.setSafeAreaInsetsOverride', {
    insets: { left: 47, right: 47, bottom: 21 },
  });
  await messenger.open(bob.username);
  await messenger.composer.fill('Landscape');
  await page.getByRole('button', { name: 'Send' }).click();
  for (const part of [page.locator('.sidebar'), messenger.message('Landscape'), messenger.composer]) {
    const { x, width } = (await part.boundingBox())!;
    expect(x).toBeGreaterThanOrEqual(47);
    expect(x + width).toBeLessThanOrEqual(viewport.width - 47);
  }
  const composer = (await messenger.composer.boundingBox())!;
  expect(composer.y + composer.height).toBeLessThanOrEqual(viewport.height - 21);
  await fits(page, 'a phone on its side');
  await page.context().close();
});
