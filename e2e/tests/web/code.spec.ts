import type { Page } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

const CODE = [
  'fn main() {',
  '    let tick = "`"; // ```',
  `    println!("{tick} ${'a long line '.repeat(20)}");`,
  '}',
].join('\n');

/** The colours of the page, by the texts that have them. */
const coloured = (page: Page) =>
  page.evaluate(() =>
    Object.fromEntries(
      [...CSS.highlights].map(([name, highlight]) => [
        name,
        [...highlight].map(({ startContainer, startOffset, endOffset }) =>
          startContainer.textContent!.slice(startOffset, endOffset),
        ),
      ]),
    ),
  );

test('48. code has its language, colours and a button that copies it', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: `Look:\n\`\`\`\`rust\n${CODE}\n\`\`\`\`` });
  await say(socket, { receiver: ann.username, text: '```\nshort\n```' });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, {
    permissions: ['clipboard-read', 'clipboard-write'],
    reducedMotion: 'reduce',
  });
  const scripts: string[] = [];
  page.on('request', (request) => scripts.push(new URL(request.url()).pathname));
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  // It scrolls sideways, so the keyboard reaches it.
  const code = page.getByRole('region', { name: 'Code in Rust' });
  await expect(code).toHaveText(CODE);
  await expect(code).toHaveAttribute('tabindex', '0');
  await expect(page.getByRole('region', { name: 'Code', exact: true })).toHaveCount(0);
  await expect
    .poll(() => coloured(page))
    .toMatchObject({ 'code-keyword': ['fn', 'let'], 'code-comment': ['// ```'] });
  const colour = (name: string) =>
    code.evaluate((element, name) => getComputedStyle(element, `::highlight(${name})`).color, name);
  expect(await colour('code-keyword')).toBe('rgb(154, 47, 99)');
  expect(scripts.filter((path) => path.includes('worker-'))).toHaveLength(1);
  expect(await violations(page)).toEqual([]);

  await messenger.messages.first().getByRole('button', { name: 'Copy' }).click();
  await expect(messenger.messages.first().getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(CODE);

  // What is no longer on the page has no colours.
  await page.goto('/');
  await messenger.composer.waitFor({ state: 'detached' });
  expect(Object.values(await coloured(page)).flat()).toEqual([]);
  socket.close();
  await page.context().close();
});

test('48. code takes no other place once it has its head, on a phone in the dark, too', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: '```ts\nconst a = 1;\n```' });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, {
    ...PHONE,
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  });
  const messenger = new Messenger(page);
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  // The parts that come later, of which the head is one.
  await page.route(/\/chunk-[^/]*\.js$/, async (route) => {
    const body = await (await route.fetch()).text();
    if (/selectors:\[\["aldis-code-block"\]\]/.test(body)) await opened;
    await route.fulfill({ body, contentType: 'text/javascript' });
  });
  await messenger.open(bob.username);
  await expect(messenger.last.getByText('const a = 1;')).toBeVisible();
  await expect(messenger.last.getByText('TypeScript')).toBeHidden();
  const before = await messenger.last.boundingBox();
  open();
  await expect(messenger.last.getByText('TypeScript')).toBeVisible();
  expect((await messenger.last.boundingBox())!.height).toBe(before!.height);
  await fits(page, 'code');
  expect(await violations(page)).toEqual([]);
  socket.close();
  await page.context().close();
});

test('48. code is copied where the page has no clipboard, as without https', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: '```js\nlet key = 4711;\n```' });
  await aldis.readAll(ann);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'clipboard'));
  await messenger.open(bob.username);
  await messenger.last.getByRole('button', { name: 'Copy' }).click();
  await expect(messenger.last.getByRole('button', { name: 'Copied' })).toBeVisible();
  await messenger.composer.press('Control+v');
  await expect(messenger.composer).toHaveValue('let key = 4711;');
  await messenger.page.evaluate(() => (document.execCommand = () => false));
  await messenger.last.getByRole('button', { name: 'Copy' }).click();
  await expect(messenger.last.getByRole('button', { name: 'Not copied' })).toBeVisible();
  socket.close();
  await messenger.page.context().close();
});

/** The worker does not start the first time, because the browser forbids it, the network fails or is slow. */
const starts = {
  'is forbidden': (page: Page) =>
    page.addInitScript(() => {
      const { Worker } = window;
      let forbidden = true;
      window.Worker = class extends Worker {
        constructor(url: string | URL, options?: WorkerOptions) {
          if (forbidden) {
            forbidden = false;
            throw new DOMException('No.', 'SecurityError');
          }
          super(url, options);
        }
      };
    }),
  'does not come': (page: Page) => page.route(/\/worker-.*\.js$/, (route) => route.abort(), { times: 1 }),
};

for (const [what, lay] of Object.entries(starts))
  test(`48. later code has its colours where what finds them ${what} at first`, async ({
    aldis,
    browser,
  }) => {
    const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
    const socket = await aldis.connect(bob);
    await say(socket, { receiver: ann.username, text: '```rust\nfn first() {}\n```' });
    await aldis.readAll(ann);
    const page = await browserOf(browser, aldis, ann, { reducedMotion: 'reduce' });
    await lay(page);
    const messenger = new Messenger(page);
    await messenger.open(bob.username);
    await expect(messenger.messages.getByRole('button', { name: 'Copy' })).toBeVisible();
    await say(socket, { receiver: ann.username, text: '```rust\nlet second = 2;\n```' });
    await expect.poll(() => coloured(page)).toMatchObject({ 'code-keyword': ['let'], 'code-number': ['2'] });
    socket.close();
    await page.context().close();
  });

test('48. code has its colours, however slowly what finds them comes', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: '```rust\nfn first() {}\n```' });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, { reducedMotion: 'reduce' });
  // Longer than any code may take.
  await page.route(/\/worker-.*\.js$/, async (route) => {
    await new Promise((done) => setTimeout(done, 3_000));
    await route.continue();
  });
  await new Messenger(page).open(bob.username);
  await expect
    .poll(() => coloured(page), { timeout: 15_000 })
    .toMatchObject({ 'code-keyword': ['fn'], 'code-name': ['first'] });
  socket.close();
  await page.context().close();
});
