import type { Page } from '@playwright/test';

import { annAndBob, send } from '../../support/files.ts';
import { FILM } from '../../support/samples.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

const DESKTOP = { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' } as const;

const record = (page: Page) => page.getByRole('button', { name: 'Record a voice message' });
const sent = (page: Page) => page.getByRole('button', { name: 'Send voice message' });
const discard = (page: Page) => page.getByRole('button', { name: 'Throw the recording away' });
const timer = (page: Page) => page.getByRole('timer');

test('50. a voice message is recorded, sent, and heard with its waveform and faster', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await record(page).click();
  await expect(sent(page)).toBeFocused();
  await expect(timer(page)).toHaveText('0:03', { timeout: 20_000 });
  expect(await violations(page), 'recording').toEqual([]);
  await page.keyboard.press('Enter');
  await expect(timer(page)).toHaveCount(0);
  await expect(page.getByRole('article', { name: /Voice message$/ })).toBeVisible({ timeout: 15_000 });
  await expect(messenger.composer).toBeVisible();

  const theirs = await browserOf(browser, aldis, bob, DESKTOP);
  await new Messenger(theirs).open(ann.username);
  const message = theirs.getByRole('article', { name: /Voice message$/ });
  // As loud as the microphone that beeps: not all bars are dots.
  await expect(message.locator('.sound-track path').first()).toHaveAttribute('d', /v(1\d|2\d)h/);
  await expect(message).toContainText(/0:0[3-9]/);
  await message.getByRole('button', { name: 'Speed 1×' }).click();
  await message.getByRole('button', { name: 'Play voice message' }).click();
  await expect(message.getByRole('button', { name: 'Pause voice message' })).toBeVisible();
  await expect(message.getByRole('button', { name: 'Speed 1.5×' })).toBeVisible();
  await message.getByRole('button', { name: 'Pause voice message' }).click();
  const place = message.getByRole('slider', { name: 'Place in voice message' });
  await place.fill('2');
  await expect(place).toHaveAttribute('aria-valuetext', /^0:02 of 0:0/);
  expect(await violations(theirs), 'a voice message').toEqual([]);
  await page.context().close();
  await theirs.context().close();
});

test('50. a recording is thrown away, and waits without a connection like every file', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const page = await browserOf(browser, aldis, ann, { ...PHONE, reducedMotion: 'reduce' });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  // A text takes its place.
  await messenger.composer.fill('Hello');
  await expect(record(page)).toHaveCount(0);
  await messenger.composer.fill('');
  await record(page).tap();
  await expect(timer(page)).toHaveText('0:01', { timeout: 20_000 });
  await fits(page, 'recording');
  await discard(page).tap();
  await expect(timer(page)).toHaveCount(0);
  await record(page).tap();
  await expect(timer(page)).toHaveText('0:01', { timeout: 20_000 });
  await page.keyboard.press('Escape');
  await expect(messenger.composer).toBeVisible();
  await expect(messenger.messages).toHaveCount(0);

  await record(page).tap();
  await expect(timer(page)).toHaveText('0:01', { timeout: 20_000 });
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible();
  await sent(page).tap();
  await expect(page.getByText('Sent as soon as everything is uploaded.')).toBeVisible();
  await page.context().setOffline(false);
  await expect(page.getByRole('article', { name: /Voice message$/ })).toBeVisible({ timeout: 20_000 });
  await fits(page, 'a voice message');
  await page.context().close();
});

test('50. a recording that one leaves, or that gives way to a change, is attached to its chat and not sent', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const cid = await aldis.person('cid', 'Cid');
  for (const other of [cid, bob]) await send(aldis, other, ann, `Hello from ${other.username}`);
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  const messenger = new Messenger(page);
  const attached = page.getByRole('list', { name: 'Attached files' }).getByText(/^voice-/);
  await messenger.open(bob.username);
  await record(page).click();
  await expect(timer(page)).toHaveText('0:01', { timeout: 20_000 });
  await messenger.conversation('Cid').click();
  await expect(messenger.message(`Hello from ${cid.username}`)).toBeVisible();
  await expect(attached).toHaveCount(0);
  await messenger.conversation('Bob').click();
  await expect(messenger.message(`Hello from ${bob.username}`)).toBeVisible();
  await expect(attached).toHaveCount(1);
  await page.getByRole('button', { name: /^Remove voice-/ }).click();

  await messenger.send('Almost');
  await record(page).click();
  await expect(timer(page)).toHaveText('0:01', { timeout: 20_000 });
  await messenger.choose('Almost', 'Edit');
  await expect(timer(page)).toHaveCount(0);
  await expect(messenger.composer).toHaveValue('Almost');
  await messenger.composer.press('Escape');
  await expect(attached).toHaveCount(1);
  await expect(page.getByRole('article', { name: /Voice message$/ })).toHaveCount(0);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByRole('article', { name: /Voice message$/ })).toBeVisible({ timeout: 15_000 });

  // Nobody closes the page in passing.
  await record(page).click();
  await expect(timer(page)).toHaveText('0:01', { timeout: 20_000 });
  const asked = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  expect((await asked).type()).toBe('beforeunload');
  await (await asked).accept();
  await page.context().close();
});

test('50. where the microphone goes, that is said, and what was recorded is sent', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  await page.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      Object.assign(window, { unplug: () => stream.getTracks().forEach((track) => track.stop()) });
      return stream;
    };
  });
  await new Messenger(page).open(bob.username);
  await record(page).click();
  await expect(timer(page)).toHaveText('0:01', { timeout: 20_000 });
  await page.evaluate(() => (window as unknown as { unplug: () => void }).unplug());
  await expect(page.getByRole('status').filter({ hasText: 'The microphone is gone.' })).toBeVisible();
  await sent(page).click();
  await expect(page.getByRole('article', { name: /Voice message$/ })).toContainText(/0:0[1-9]/, {
    timeout: 15_000,
  });
  await page.context().close();
});

for (const [name, said] of [
  ['NotAllowedError', 'This page may not use the microphone.'],
  ['NotFoundError', 'No microphone was found.'],
] as const)
  test(`50. where nothing can be recorded a sentence says why (${name})`, async ({ aldis, browser }) => {
    const [ann, bob] = await annAndBob(aldis);
    const page = await browserOf(browser, aldis, ann, DESKTOP);
    await page.addInitScript((name) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name));
    }, name);
    const messenger = new Messenger(page);
    await messenger.open(bob.username);
    await record(page).click();
    await expect(page.getByRole('alert')).toContainText(said);
    expect(await violations(page), said).toEqual([]);
    await discard(page).click();
    await expect(messenger.composer).toBeFocused();
    await page.context().close();
  });

test('50. how long a voice message is, its sound knows better than its name', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  const loud = 'f'.repeat(40);
  for (const seconds of [0, 9999])
    await send(aldis, ann, bob, `${seconds}`, {
      name: `voice-2026-11-30-09-05-07.${seconds}s.${loud}.webm`,
      mimeType: 'audio/webm',
      buffer: FILM,
    });
  const page = await browserOf(browser, aldis, bob, DESKTOP);
  await new Messenger(page).open(ann.username);
  for (const seconds of [0, 9999]) {
    const message = page.locator('.message').filter({ has: page.getByText(`${seconds}`, { exact: true }) });
    await message.getByRole('button', { name: 'Play voice message' }).click();
    const place = message.getByRole('slider', { name: 'Place in voice message' });
    await expect(place).toHaveAttribute('aria-valuetext', /of 0:02$/);
    await expect(place).toBeEnabled();
  }
  await page.context().close();
});
