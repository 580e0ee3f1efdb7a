import type { Route } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test, violations } from '../../support/web.ts';

test('46. links lead where they say, and come without moving anything', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  // A line that still rises would move.
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { reducedMotion: 'reduce' }));
  const { page } = messenger;
  await messenger.open(bob.username);
  await expect(messenger.message('Hello')).toBeVisible();
  // Until what finds them is there, they are text.
  const held: Route[] = [];
  let open = false;
  await page.route(/\/chunk-[^/]*\.js$/, (route) => (open ? route.continue() : void held.push(route)));
  const text =
    "See *https://a.example/it's*, www.b.example/x?y=1, example.com or mail bob@c.example. Not main.rs";
  await say(socket, { receiver: ann.username, text });
  const message = messenger.message(
    "See https://a.example/it's, www.b.example/x?y=1, example.com or mail bob@c.example. Not main.rs",
  );
  await expect.poll(() => held.length).toBeGreaterThan(0);
  const before = await messenger.last.boundingBox();
  await expect(messenger.last.getByRole('link')).toHaveCount(0);
  open = true;
  await Promise.all(held.map((route) => route.continue()));
  await expect(message.getByRole('link')).toHaveCount(4);
  const links = await message
    .getByRole('link')
    .evaluateAll((all) =>
      all.map((link) => [link.textContent, link.getAttribute('href'), link.getAttribute('target')]),
    );
  expect(links).toEqual([
    ["https://a.example/it's", "https://a.example/it's", '_blank'],
    ['www.b.example/x?y=1', 'https://www.b.example/x?y=1', '_blank'],
    ['example.com', 'https://example.com', '_blank'],
    ['bob@c.example', 'mailto:bob@c.example', null],
  ]);
  expect(await messenger.last.boundingBox()).toEqual(before);
  socket.close();
  await page.context().close();
});

test('39. a long text comes in parts', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const text = Array.from({ length: 1_500 }, (_, index) => `word${index}`).join(' ');
  await say(socket, { receiver: ann.username, text });
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await messenger.open(bob.username);
  await expect(messenger.last).toContainText('word0');
  await expect(messenger.last.locator('.text')).not.toContainText('word1499');
  expect(await violations(page)).toEqual([]);
  const more = messenger.last.getByRole('button', { name: 'Show more' });
  const shown = () =>
    messenger.last.locator('.text').evaluateAll((all) => all.map(({ textContent }) => textContent).join(''));
  while (await more.isVisible()) {
    const before = (await shown()).length;
    await more.click();
    // The button goes with the last part.
    await expect.poll(async () => (await shown()).length).toBeGreaterThan(before);
  }
  expect(await shown()).toBe(text);
  // Its text is copied, quoted and answered as a whole.
  await expect(messenger.last).toHaveAccessibleName(new RegExp('word1499'));
  socket.close();
  await page.context().close();
});

test('48. quotes, lists and labelled links are shown as such, and copied as written', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const text = [
    '> Shall we?',
    'Yes: see [the map](https://maps.example/x) or [bank.example](https://evil.example/y)',
    '- bread',
    '- *milk*',
    '```rust',
    '    let tick = `x`;',
    '```',
    'done',
  ].join('\n');
  await say(socket, { receiver: ann.username, text });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, {
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
  });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const { last } = messenger;
  await expect(last.getByRole('blockquote')).toHaveText('Shall we?');
  await expect(last.getByRole('list').getByRole('listitem')).toHaveText(['bread', 'milk']);
  await expect(last.getByText('    let tick = `x`;', { exact: true })).toBeVisible();
  await expect(last.getByRole('link', { name: 'the map' })).toHaveAttribute('href', 'https://maps.example/x');
  await expect(last.locator('.text')).toContainText('bank.example (evil.example)');
  expect(await violations(page)).toEqual([]);
  await last.click({ button: 'right', position: { x: 5, y: 5 } });
  await page.getByRole('menuitem', { name: 'Copy text' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  socket.close();
  await page.context().close();
});

test('40. each paragraph and each item has the direction of its own letters', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'In English, a line\nمرحبا\nlast\n- one\n- خبز' });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, { reducedMotion: 'reduce' });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await expect(messenger.last).toBeVisible();
  /** At which end of its message a text stands. */
  const ends = await messenger.last.locator('.text').evaluate((text) => {
    const body = text.closest('.body')!.getBoundingClientRect();
    const words = ['In English', 'مرحبا', 'last', 'one', 'خبز'];
    const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    const found: Record<string, string> = {};
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      for (const word of words) {
        const at = node.textContent!.indexOf(word);
        if (at < 0) continue;
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        const { left, right } = range.getBoundingClientRect();
        found[word] = left - body.left < body.right - right ? 'left' : 'right';
      }
    return found;
  });
  expect(ends).toEqual({ 'In English': 'left', مرحبا: 'right', last: 'left', one: 'left', خبز: 'right' });
  socket.close();
  await page.context().close();
});
