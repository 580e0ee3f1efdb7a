import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

/** Where each message in the window stands, frame by frame, from now until `stop`. */
async function watch(messenger: Messenger): Promise<() => Promise<number>> {
  await messenger.page.evaluate(() => {
    const watched = { moved: 0, stop: false };
    Object.assign(window, { watched });
    let before = new Map<string, number>();
    const look = () => {
      const now = new Map<string, number>();
      const list = document.querySelector('.scroller')!.getBoundingClientRect();
      for (const message of document.querySelectorAll<HTMLElement>('.message')) {
        const { top, bottom } = message.getBoundingClientRect();
        if (bottom > list.top && top < list.bottom) now.set(message.dataset['key']!, top);
      }
      for (const [key, top] of now)
        watched.moved = Math.max(watched.moved, Math.abs(top - (before.get(key) ?? top)));
      before = now;
      if (!watched.stop) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  return () =>
    messenger.page.evaluate(async () => {
      const { watched } = window as unknown as { watched: { moved: number; stop: boolean } };
      await new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame)));
      watched.stop = true;
      return watched.moved;
    });
}

/** Until the list no longer scrolls. */
async function stands({ page }: Messenger): Promise<void> {
  await page.waitForFunction(async () => {
    const list = document.querySelector('.scroller')!;
    const before = list.scrollTop;
    for (let frames = 0; frames < 10; frames++) await new Promise(requestAnimationFrame);
    return list.scrollTop === before && list.ariaBusy === 'false';
  });
}

/** How far a message stands from the middle of the list. */
async function fromMiddle({ page, messages }: Messenger, text: string): Promise<number> {
  const [list, message] = await Promise.all([
    page.locator('.scroller').boundingBox(),
    messages.filter({ hasText: text }).boundingBox(),
  ]);
  return Math.abs(message!.y + message!.height / 2 - list!.y - list!.height / 2);
}

test('12. what comes while one reads further up moves nothing and is counted; 13. one click reaches the end', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const tell = (text: string) => say(socket, { receiver: ann.username, text });
  for (let index = 1; index <= 60; index++)
    await tell(`Line ${index}. ${'The tide waits for nobody. '.repeat(index % 7)}`);
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await expect(messenger.last).toContainText('Line 60');
  const jump = page.getByRole('button', { name: 'To the newest message' });
  await expect(jump).toBeHidden();

  await page.mouse.move(800, 400);
  await page.mouse.wheel(0, -1_200);
  await expect(jump).toHaveAccessibleName('To the newest message');
  await expect.poll(() => messenger.fromEnd()).toBeGreaterThan(1_000);
  await stands(messenger);

  const stop = await watch(messenger);
  for (let index = 1; index <= 25; index++) await tell(`News ${index}. ${'It turns. '.repeat(index)}`);
  await expect(jump).toHaveAccessibleName('To the newest message, 25 new');
  await expect(jump).toHaveText('25');
  expect(await stop()).toBe(0);

  await jump.click();
  await expect(messenger.last).toBeInViewport();
  await expect(messenger.last).toContainText('News 25');
  await expect.poll(() => messenger.fromEnd()).toBeLessThanOrEqual(1);
  await expect(jump).toBeHidden();
  // And it stays at the end from there.
  await tell('At the end');
  await expect(messenger.message('At the end')).toBeInViewport();
  socket.close();
  await page.context().close();
});

test('10. loading older messages moves nothing', async ({ aldis, browser }) => {
  // Five hundred frames, which a busy machine gives slowly.
  test.slow();
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const all = Array.from({ length: 300 }, (_, index) =>
    say(socket, {
      receiver: ann.username,
      text: `Line ${index + 1}. ${'The tide waits for nobody. '.repeat((index * 7) % 11)}`,
    }),
  );
  await Promise.all(all);
  socket.close();
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await expect(messenger.last).toContainText('Line 300');

  // In the page: always upwards; whenever a message that was in the window stands higher than before, that is
  // backwards.
  const { backward, reached } = await page.evaluate(async () => {
    const list = document.querySelector<HTMLElement>('.scroller')!;
    // What was painted: measured behind the frame, when sizes that it found have been taken up.
    const frame = () => new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
    const { top: upper, bottom: lower } = list.getBoundingClientRect();
    const places = () => {
      const all = [...document.querySelectorAll<HTMLElement>('.message')].map(
        (message) => [message.dataset['key']!, message.getBoundingClientRect()] as const,
      );
      return new Map(
        all
          .filter(([, { top, bottom }]) => bottom > upper && top < lower)
          .map(([key, { top }]) => [key, top]),
      );
    };
    let [backward, reached] = [0, false];
    let before = places();
    for (let frames = 0; frames < 1_500 && !reached; frames++) {
      list.scrollTop -= 40;
      // As when the browser scrolls: who listens knows of it in the same frame.
      list.dispatchEvent(new Event('scroll'));
      await frame();
      const now = places();
      for (const [key, top] of now) backward = Math.max(backward, (before.get(key) ?? top) - top);
      before = now;
      reached = document.querySelector('.beginning') !== null && list.scrollTop <= 0;
    }
    return { backward, reached };
  });
  expect(reached).toBe(true);
  // Less than a pixel is the browser's own rounding of where the list stands.
  expect(backward).toBeLessThan(1);
  await page.context().close();
});

test('a quoted message far above is reached from its reply, centred and marked, and the end is one click away', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const tell = (text: string, replyTo?: string) =>
    say(socket, { receiver: ann.username, text, ...(replyTo ? { replyTo } : {}) });
  const sent = await Promise.all(
    Array.from({ length: 400 }, (_, index) =>
      tell(`Line ${index + 1}. ${'The tide waits for nobody. '.repeat((index * 7) % 11)}`),
    ),
  );
  await tell('About that', sent[99]!.id);
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await messenger.message('About that').getByRole('button', { name: 'In reply to Bob' }).click();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).search));
  await messenger.pointedOut('Line 100.');
  await expect.poll(() => fromMiddle(messenger, 'Line 100.')).toBeLessThan(50);
  // Nothing above it was fetched meanwhile, which would have pushed it away.
  expect(asked.filter((query) => query.includes('beforeSeq=70'))).toEqual([]);
  const jump = page.getByRole('button', { name: 'To the newest message' });
  await jump.click();
  await expect(messenger.message('About that')).toBeInViewport();
  await expect(jump).toBeHidden();

  // Down from there by scrolling, page by page, until the two parts are one.
  await messenger.message('About that').getByRole('button', { name: 'In reply to Bob' }).click();
  await messenger.pointedOut('Line 100.');
  await expect.poll(() => fromMiddle(messenger, 'Line 100.')).toBeLessThan(50);
  await page.mouse.move(800, 400);
  await expect(async () => {
    await page.mouse.wheel(0, 4_000);
    await expect(messenger.message('About that')).toBeInViewport({ timeout: 200 });
  }).toPass({ intervals: [100] });
  await expect(jump).toBeHidden();
  await tell('At the end');
  await expect(messenger.message('At the end')).toBeInViewport();
  socket.close();
  await page.context().close();
});
