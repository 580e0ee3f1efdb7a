import type { Locator, Page } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

const NAMES = ['Waiting to be sent', 'Not sent', 'Sent', 'Delivered', 'Read'] as const;

/** The ink of a tick as it is drawn, without its colour: how much of each pixel of 18 × 12 is covered. */
function ink(tick: Locator): Promise<number[]> {
  return tick.locator('path').evaluate((path) => {
    const { fill, fillRule, strokeWidth } = getComputedStyle(path);
    const context = Object.assign(document.createElement('canvas'), { width: 18, height: 12 }).getContext(
      '2d',
    )!;
    const shape = new Path2D(path.getAttribute('d')!);
    if (fill === 'none') {
      Object.assign(context, { lineWidth: parseFloat(strokeWidth), lineCap: 'round', lineJoin: 'round' });
      context.stroke(shape);
    } else context.fill(shape, fillRule as CanvasFillRule);
    return [...context.getImageData(0, 0, 18, 12).data].filter((_, index) => index % 4 === 3);
  });
}

/** How much of two shapes is not common to both, from 0 to 1. */
function difference(a: number[], b: number[]): number {
  const sum = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  return (
    sum(a.map((value, at) => Math.abs(value - b[at]!))) / sum(a.map((value, at) => Math.max(value, b[at]!)))
  );
}

interface Contrast {
  on: string;
  ratio: number;
}

/** The contrast of a tick with what it may stand on: the bubbles, and the rows of the list in every state. */
function contrasts(tick: Locator, row: boolean): Promise<Contrast[]> {
  return tick.evaluate((tick, row) => {
    type Colour = [red: number, green: number, blue: number, alpha: number];
    const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext(
      '2d',
      { willReadFrequently: true },
    )!;
    const paint = (...layers: string[]): Colour => {
      context.clearRect(0, 0, 1, 1);
      for (const layer of layers) {
        context.fillStyle = layer;
        context.fillRect(0, 0, 1, 1);
      }
      return [...context.getImageData(0, 0, 1, 1).data] as unknown as Colour;
    };
    const token = (name: string) => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = `var(${name})`;
      const { color } = getComputedStyle(probe);
      probe.remove();
      return color;
    };
    const light = ([red, green, blue]: Colour) => {
      const linear = (value: number) =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    };
    const grounds = row
      ? { row: [token('--panel')], hover: [token('--panel'), token('--hover')], chosen: [token('--chosen')] }
      : { own: [token('--own')], other: [token('--surface')], page: [token('--page')] };
    return Object.entries(grounds).map(([on, layers]) => {
      const [one, other] = [light(paint(...layers)), light(paint(...layers, getComputedStyle(tick).color))];
      return { on, ratio: (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) };
    });
  }, row);
}

async function inRow(page: Page, messenger: Messenger, name: string): Promise<void> {
  const tick = messenger.conversation('Bob').getByRole('img', { name, exact: true });
  await expect(tick).toBeVisible();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const { on, ratio } of await contrasts(tick, true))
      expect(ratio, `${name} on a ${on}, ${colorScheme}`).toBeGreaterThanOrEqual(3);
  }
}

test('14. ticks are told apart by their shape alone, and read on whatever they stand', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann, { viewport: { width: 1280, height: 1_600 } });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const tick = (name: string) => messenger.messages.getByRole('img', { name, exact: true });

  // One message in each state, from the oldest: read, delivered, sent, refused, waiting.
  const socket = await aldis.connect(bob);
  await messenger.send('Read it');
  await expect(tick('Delivered')).toHaveCount(1);
  const conversationId = (await aldis.conversations(ann))[0]!.id;
  await socket.emitWithAck('receipt', { conversationId, deliveredSeq: 1, readSeq: 1 });
  await expect(tick('Read')).toHaveCount(1);
  await inRow(page, messenger, 'Read');
  await messenger.send('It is there');
  await expect(tick('Delivered')).toHaveCount(1);
  await inRow(page, messenger, 'Delivered');
  socket.close();
  // What is sent a moment too early is delivered to a line that is about to end.
  await expect(page.locator('.chat-note')).toHaveText(/last seen/, { timeout: 10_000 });
  await messenger.send('On its way');
  await expect(tick('Sent')).toHaveCount(1);
  await inRow(page, messenger, 'Sent');
  await messenger.send('x'.repeat(17_000));
  await expect(tick('Not sent')).toHaveCount(1);
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible();
  await messenger.send('In the dark');
  await expect(tick('Waiting to be sent')).toHaveCount(1);
  await inRow(page, messenger, 'Waiting to be sent');

  const shapes = await Promise.all(NAMES.map(async (name) => [name, await ink(tick(name))] as const));
  for (const [at, [name, one]] of shapes.entries()) {
    for (const [other, two] of shapes.slice(at + 1))
      expect(difference(one, two), `${name} and ${other}`).toBeGreaterThan(0.35);
  }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const name of NAMES) {
      for (const { on, ratio } of await contrasts(tick(name), false))
        expect(ratio, `${name} on ${on}, ${colorScheme}`).toBeGreaterThanOrEqual(3);
    }
  }

  // Where the system chooses the colours, all have that of text, and are still drawn.
  await page.emulateMedia({ forcedColors: 'active' });
  for (const name of NAMES) {
    const { color, drawn, text } = await tick(name).evaluate((tick) => {
      const { fill, stroke } = getComputedStyle(tick.querySelector('path')!);
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = 'CanvasText';
      const text = getComputedStyle(probe).color;
      probe.remove();
      return { color: getComputedStyle(tick).color, drawn: fill === 'none' ? stroke : fill, text };
    });
    expect({ color, drawn }, name).toEqual({ color: text, drawn: text });
  }
  await page.context().close();
});

test('a tick in the list is that of the newest message', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const [hers, his] = [await aldis.connect(ann), await aldis.connect(bob)];
  const { conversationId, seq } = await say(hers, { receiver: bob.username, text: 'Hello' });
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.page.goto('/');
  const tick = (name: string) => messenger.conversation('Bob').getByRole('img', { name, exact: true });
  await expect(tick('Delivered')).toBeVisible();
  await his.emitWithAck('receipt', { conversationId, deliveredSeq: seq, readSeq: seq });
  await expect(tick('Read')).toBeVisible();
  for (const socket of [hers, his]) socket.close();
  await messenger.page.context().close();
});
