import { annAndBob, painted, picture, send } from '../../support/files.ts';
import { browserOf, expect, Messenger, PHONE, test } from '../../support/web.ts';

const DESKTOP = { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' } as const;

test('a picture fills its bubble, and the time of a message without a text lies on it', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Tiny', picture('tiny.png', 20, 20));
  await send(aldis, bob, ann, '', picture('tall.png', 1080, 2400));
  await send(
    aldis,
    bob,
    ann,
    'A caption that is longer than its picture is wide',
    picture('wide.png', 900, 600),
  );
  await send(aldis, bob, ann, '', picture('last.png', 900, 600));
  for (const options of [DESKTOP, { ...PHONE, reducedMotion: 'reduce' as const }]) {
    const page = await browserOf(browser, aldis, ann, options);
    const messenger = new Messenger(page);
    await messenger.open(bob.username);
    for (const name of ['tall', 'wide', 'last']) await painted(page, `${name}.png`);
    const boxes = (name: string) =>
      page.getByRole('button', { name: `Open photo ${name}.png` }).evaluate((button) => {
        const bubble = button.closest('.bubble')!;
        const [inner, outer] = [button.getBoundingClientRect(), bubble.getBoundingClientRect()];
        const time = bubble.querySelector('.meta')?.getBoundingClientRect();
        return {
          width: Math.round(inner.width),
          height: Math.round(inner.height),
          frame: Math.round(outer.width - inner.width),
          below: Math.round(outer.bottom - inner.bottom),
          timeInside: Boolean(time && time.bottom <= inner.bottom && time.right <= inner.right),
        };
      });
    const last = await boxes('last');
    expect(last).toMatchObject({ frame: 0, below: 0, timeInside: true });
    if (options === DESKTOP) expect(last).toMatchObject({ width: 440, height: 293 });
    else expect(last.width).toBeGreaterThan(280);
    expect(await boxes('wide')).toMatchObject({ width: last.width, frame: 0, timeInside: false });
    await page.locator('.scroller').evaluate((list) => (list.scrollTop = 0));
    // Cropped, and still wide enough to be read; what is tiny is not blown up.
    expect(await boxes('tall')).toMatchObject({ width: 288, height: 480, frame: 0, below: 0 });
    expect(await boxes('tiny')).toMatchObject({ width: 64, height: 64 });
    await page.context().close();
  }
});

test('several pictures are an album of four at most, and the last says how many more there are', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const album = (count: number) =>
    Array.from({ length: count }, (_, index) => picture(`${count}-${index}.png`, 60 + index, 40));
  for (const count of [2, 3, 4, 6]) await send(aldis, bob, ann, '', ...album(count));
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await expect(page.getByRole('button', { name: 'Open photo 6-3.png and 2 more' })).toHaveText('+2');
  await expect(page.locator('.album')).toHaveCount(4);
  const shapes = await page.locator('.album').evaluateAll((albums) =>
    albums.map((album) => {
      const { width, height } = album.getBoundingClientRect();
      return [album.children.length, Math.round(width), Math.round(height)];
    }),
  );
  expect(shapes).toEqual([
    [2, 440, 220],
    [3, 440, 293],
    [4, 440, 440],
    [4, 440, 440],
  ]);
  // Those that are not shown are looked at all the same.
  await page.getByRole('button', { name: 'Open photo 6-3.png and 2 more' }).click();
  await expect(page.getByRole('dialog', { name: 'Photo' }).getByRole('status')).toContainText('4 of 6');
  await page.context().close();
});
