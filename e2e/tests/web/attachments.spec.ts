import { readFile } from 'node:fs/promises';

import type { Page } from '@playwright/test';

import { annAndBob, Files, painted, picture, send, SMALL, text, UPLOAD } from '../../support/files.ts';
import { Gate } from '../../support/gate.ts';
import { photo, PLACE } from '../../support/jpeg.ts';
import { ANIMATED_WEBP, AVIF, CMYK, GIF, HEIC } from '../../support/samples.ts';
import { browserOf, expect, fits, hold, Messenger, PHONE, test, violations } from '../../support/web.ts';

/** The server takes every file but this one, which it finds too large. */
const refuse = (page: Page, name: string) =>
  page.route(new RegExp(`/api/attachments\\?name=${name}`), (route) =>
    route.fulfill({
      status: 413,
      contentType: 'application/problem+json',
      body: JSON.stringify({
        type: 'about:blank',
        title: 'Too large',
        status: 413,
        detail: 'Too large.',
        code: 'too_large',
        retryable: false,
      }),
    }),
  );

test('26. the place of a picture is kept before it is there, and nothing moves when it comes', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Tall', picture('tall.png', 300, 900));
  await send(aldis, bob, ann, 'Several', picture('a.png'), picture('b.png'), picture('c.png'), text('d.txt'));
  await send(aldis, bob, ann, 'Wide', picture('wide.png', 900, 500));
  for (const options of [{}, PHONE]) {
    const page = await browserOf(browser, aldis, ann, options);
    const [messenger, files] = [new Messenger(page), new Files(page)];
    // Neither the pictures, nor the part of the client that paints them.
    let paint: () => void = () => undefined;
    const painter = new Promise<void>((resolve) => (paint = resolve));
    await page.route(/\.js$/, async (route) => {
      const response = await route.fetch();
      // By what it defines: other parts have the names of its elements, too.
      if (/selectors:\[\["aldis-attachment"\]\]/.test(await response.text())) await painter;
      await route.fulfill({ response });
    });
    const held = await hold(page, SMALL);
    await messenger.open(bob.username);
    await expect(messenger.message('Wide')).toBeVisible();
    const places = () =>
      page.evaluate(() => {
        const { scrollTop, scrollHeight } = document.querySelector('.scroller')!;
        const boxes = [...document.querySelectorAll('.message, .attachments > *')].map((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return [x, y, width, height].map(Math.round);
        });
        return { scrollTop, scrollHeight, boxes };
      });
    await expect(page.locator('aldis-message-list .unsettled')).toHaveCount(0);
    const before = await places();
    expect(before.boxes.length).toBe(3 + 6);
    for (const [, , width, height] of before.boxes)
      expect(Math.min(width!, height!)).toBeGreaterThanOrEqual(40);
    paint();
    await expect.poll(held.count).toBe(5);
    expect(await places()).toEqual(before);
    await held.release();
    for (const name of ['tall', 'a', 'b', 'c', 'wide']) await painted(page, `${name}.png`);
    expect(await places()).toEqual(before);
    await page.context().close();
  }
});

test('26. a picture opens large; Esc closes and gives the focus back', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(
    aldis,
    bob,
    ann,
    'Both',
    picture('first.png', 1200, 800),
    picture('second.png', 300, 900),
    text('log.txt'),
  );
  const page = await browserOf(browser, aldis, ann, { reducedMotion: 'reduce' });
  const { keyboard } = page;
  const messenger = new Messenger(page);
  const viewer = page.getByRole('dialog', { name: 'Photo' });
  const large = (name: string) => viewer.getByRole('img', { name });
  await messenger.open(bob.username);
  await painted(page, 'second.png');
  await expect(messenger.composer).toBeFocused();

  // By keyboard, from the message to what it carries.
  await messenger.last.focus();
  await keyboard.press('Tab');
  const opener = page.getByRole('button', { name: 'Open photo first.png' });
  await expect(opener).toBeFocused();
  await keyboard.press('Enter');
  await expect(viewer).toBeVisible();
  await expect(large('first.png')).toBeVisible();
  await expect(viewer.getByRole('status')).toHaveText('1 of 2');
  await expect
    .poll(() => large('first.png').evaluate((image) => (image as HTMLImageElement).naturalWidth))
    .toBe(1200);
  await keyboard.press('ArrowRight');
  await expect(large('second.png')).toBeVisible();
  await expect(large('second.png')).toBeInViewport({ ratio: 1 });
  await expect(viewer.getByRole('status')).toHaveText('2 of 2');
  const saved = page.waitForEvent('download');
  await viewer.getByRole('button', { name: 'Download' }).click();
  expect((await saved).suggestedFilename()).toBe('second.png');
  await keyboard.press('Escape');
  await expect(viewer).toHaveCount(0);
  await expect(opener).toBeFocused();

  // By pointer, and closed by a press beside the picture.
  await page.getByRole('button', { name: 'Open photo second.png' }).click();
  await expect(large('second.png')).toBeVisible();
  await viewer.getByRole('button', { name: 'Photo before' }).click();
  await expect(large('first.png')).toBeVisible();
  await page.mouse.click(640, 715);
  await expect(viewer).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Open photo second.png' })).toBeFocused();

  // A file is saved under its name, and says so when it could not be.
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download log.txt' }).click();
  const download = await file;
  expect(download.suggestedFilename()).toBe('log.txt');
  expect(await readFile(await download.path(), 'utf8')).toBe('Aye');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Download log.txt' }).click();
  await expect(messenger.last.getByRole('status')).toHaveText('Did not arrive. Try again.');
  await page.context().setOffline(false);
  await page.context().close();
});

test('26. whatever people send is a picture or a row with its name, and nothing is broken', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(
    aldis,
    bob,
    ann,
    'Moving',
    { name: 'cat.gif', mimeType: 'image/gif', buffer: GIF },
    { name: 'cat.webp', mimeType: 'image/webp', buffer: ANIMATED_WEBP },
  );
  await send(aldis, bob, ann, 'Printed', { name: 'print.jpg', mimeType: 'image/jpeg', buffer: CMYK });
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  await painted(page, 'print.jpg');

  // From a phone: a photo, one of a kind that no browser and no server shows, one that browsers show, one cut
  // off.
  await files.choose(
    { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: photo() },
    { name: 'IMG_1.HEIC', mimeType: 'image/heic', buffer: HEIC },
    { name: 'new.avif', mimeType: 'image/avif', buffer: AVIF },
    { name: 'cut.jpg', mimeType: 'image/jpeg', buffer: photo().subarray(0, 30) },
  );
  await messenger.send('From my phone');
  const said = messenger.message('From my phone');
  await painted(page, 'photo.jpg');
  await expect(said.getByRole('button', { name: /^Download/ })).toHaveText([
    /IMG_1\.HEIC *HEIC · 514 bytes/,
    /new\.avif *AVIF · 300 bytes/,
    /cut\.jpg *JPG · 30 bytes/,
  ]);
  const saved = page.waitForEvent('download');
  await said.getByRole('button', { name: 'Download IMG_1.HEIC' }).click();
  expect((await readFile(await (await saved).path())).equals(HEIC)).toBe(true);
  expect(
    await page
      .locator('aldis-message-list img')
      .evaluateAll(
        (all) =>
          all.filter(
            (image) => (image as HTMLImageElement).complete && (image as HTMLImageElement).naturalWidth === 0,
          ).length,
      ),
  ).toBe(0);

  // What was saved by somebody else tells nobody where it was taken.
  const mine = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Open photo photo.jpg' }).click();
  await page.getByRole('dialog', { name: 'Photo' }).getByRole('button', { name: 'Download' }).click();
  expect((await readFile(await (await mine).path())).includes(PLACE)).toBe(false);
  await page.context().close();
});

test('26. a picture that moves says so, and does not where less motion is wanted', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Look', { name: 'cat.gif', mimeType: 'image/gif', buffer: GIF });
  for (const reducedMotion of ['reduce', 'no-preference'] as const) {
    const page = await browserOf(browser, aldis, ann, { reducedMotion });
    const messenger = new Messenger(page);
    await messenger.open(bob.username);
    const opener = page.getByRole('button', { name: 'Open animated photo cat.gif' });
    await expect(opener).toHaveText('GIF');
    await opener.click();
    const viewer = page.getByRole('dialog', { name: 'Photo' });
    const large = viewer.getByRole('img', { name: 'cat.gif' });
    await expect(large).toBeVisible();
    const play = viewer.getByRole('button', { name: 'Play' });
    if (reducedMotion === 'reduce') {
      await expect(play).toBeVisible();
      // The small picture, which does not move.
      await expect(large).toHaveClass(/small/);
      expect(await violations(page), 'a picture that could move').toEqual([]);
      await play.click();
    }
    await expect(large).not.toHaveClass(/small/);
    await expect(play).toHaveCount(0);
    await page.context().close();
  }
});

test('26. a picture that did not load says so, and comes with the connection', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Here', picture('late.png'));
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { baseURL: gate.url });
  await page.route(SMALL, (route) => route.abort());
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const again = page.getByRole('button', { name: 'Not loaded, try again: late.png' });
  await expect(again).toBeVisible();
  await again.click();
  await expect(again).toBeVisible();
  gate.close();
  await expect(messenger.banner).toBeVisible();
  await page.unroute(SMALL);
  gate.open();
  await painted(page, 'late.png');
  await page.context().close();
  gate.end();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`29. axe finds nothing to complain about in attachments (${colorScheme})`, async ({
    aldis,
    browser,
  }) => {
    const [ann, bob] = await annAndBob(aldis);
    await send(aldis, bob, ann, 'Theirs', picture('a.png'), picture('b.png'), text('c.txt'));
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    const [messenger, files] = [new Messenger(page), new Files(page)];
    await messenger.open(bob.username);
    await painted(page, 'a.png');
    await files.choose(picture('own.png'), text('own.txt'));
    await expect(files.tray.last()).toContainText('3 bytes');
    await messenger.send('Mine');
    await painted(page, 'own.png');
    const held = await hold(page, UPLOAD);
    await refuse(page, 'large.txt');
    await files.choose(text('large.txt'), text('done.txt'));
    await expect.poll(held.count).toBe(1);
    await held.release();
    await expect(page.getByRole('alert')).toContainText('Larger than this server takes.');
    await files.drag('dragover', ['over.txt']);
    await expect(page.getByText('Drop files to attach them')).toBeVisible();
    expect(await violations(page), 'a place to drop files').toEqual([]);
    await files.drag('dragleave', ['over.txt']);
    expect(await violations(page), 'a chat with files').toEqual([]);
    await page.getByRole('button', { name: 'Open photo a.png' }).click();
    await expect(page.getByRole('dialog', { name: 'Photo' }).getByRole('img')).toBeVisible();
    expect(await violations(page), 'a picture').toEqual([]);
    await page.context().close();
  });
}

test('30. files on a phone: no sideways scroll, targets of 44 px', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Theirs', picture('a.png'), picture('b.png'), text(`${'W'.repeat(80)}.txt`));
  const page = await browserOf(browser, aldis, ann, PHONE);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  await painted(page, 'a.png');
  await fits(page, 'a message with files');
  await refuse(page, 'large.txt');
  await files.choose(picture('own.png'), text(`${'W'.repeat(80)}.txt`), text('large.txt'));
  await expect(page.getByRole('alert')).toContainText('Larger than this server takes.');
  await fits(page, 'files to send');
  await page.getByRole('button', { name: 'Open photo a.png' }).tap();
  await expect(page.getByRole('dialog', { name: 'Photo' }).getByRole('img')).toBeVisible();
  await fits(page, 'a picture');

  // A finger turns to the next one, and back.
  const shown = page.getByRole('dialog', { name: 'Photo' }).getByRole('status');
  const finger = await page.context().newCDPSession(page);
  const swipe = async (from: number, to: number) => {
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number) =>
      finger.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x, y: 320 }],
      });
    await touch('touchStart', from);
    await touch('touchMove', (from + to) / 2);
    await touch('touchMove', to);
    await touch('touchEnd', to);
  };
  await expect(shown).toHaveText('1 of 2');
  await swipe(250, 110);
  await expect(shown).toHaveText('2 of 2');
  await swipe(110, 250);
  await expect(shown).toHaveText('1 of 2');
  await page.context().close();
});
