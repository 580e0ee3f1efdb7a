import type { Route } from '@playwright/test';

import { annAndBob, picture, send } from '../../support/files.ts';
import { Gate } from '../../support/gate.ts';
import { FILM, wav } from '../../support/samples.ts';
import {
  browserOf,
  expect,
  expectKept,
  fits,
  Messenger,
  PHONE,
  test,
  violations,
} from '../../support/web.ts';

const film = (name = 'film.webm', buffer = FILM) => ({ name, mimeType: 'video/webm', buffer });
const sound = (name: string, seconds = 3) => ({ name, mimeType: 'audio/wav', buffer: wav(seconds) });
const DESKTOP = { viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' } as const;

test('44. a film plays in its place, part by part, in a place that is kept for it', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Look', film());
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  const parts: [number, boolean][] = [];
  page.on('response', (response) => {
    if (response.url().includes('key='))
      parts.push([response.status(), 'authorization' in response.request().headers()]);
  });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const video = page.getByLabel('Video film.webm');
  const state = () =>
    video.evaluate((video: HTMLVideoElement) => {
      const { width, height } = video.getBoundingClientRect();
      return [Math.round(width), Math.round(height), video.videoWidth, video.controls];
    });
  await expect.poll(state).toEqual([440, 248, 64, true]);
  expect(parts.length).toBeGreaterThan(0);
  expect(parts.every(([status, token]) => status === 206 && !token)).toBe(true);
  await video.evaluate((video: HTMLVideoElement) => video.play());
  await expect
    .poll(() => video.evaluate((video: HTMLVideoElement) => video.currentTime))
    .toBeGreaterThan(0.2);
  expect(await violations(page), 'a film').toEqual([]);
  await page.context().close();
});

test('44. a film whose link has ended goes on with another, and one that does not play is a file', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  // It begins like a film, and is none.
  await send(aldis, bob, ann, 'Broken', film('broken.webm', FILM.subarray(0, 64)));
  await send(aldis, bob, ann, 'Whole', film());
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  const ended = new Set<string>();
  // The first link of each is over.
  await page.route(/key=/, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (ended.has(pathname)) return route.continue();
    ended.add(pathname);
    await route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{}' });
  });
  await new Messenger(page).open(bob.username);
  const wide = () =>
    page.getByLabel('Video film.webm').evaluate((video: HTMLVideoElement) => video.videoWidth);
  await expect.poll(wide, { timeout: 15_000 }).toBe(64);
  const file = page.getByRole('button', { name: 'Download broken.webm' });
  await expect(file).toContainText('Does not play here.');
  const saved = page.waitForEvent('download');
  await file.click();
  expect((await saved).suggestedFilename()).toBe('broken.webm');
  await page.context().close();
});

test('44. a film and a voice that were not reached come with the connection', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, ann, bob, 'Look', film());
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { ...DESKTOP, baseURL: gate.url });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await page.getByRole('button', { name: 'Record a voice message' }).click();
  await expect(page.getByRole('timer')).toHaveText('0:01', { timeout: 20_000 });
  await page.getByRole('button', { name: 'Send voice message' }).click();
  const voice = page.getByRole('article', { name: /Voice message$/ });
  await expect(voice.locator('.sound-track path').first()).toHaveAttribute('d', /v/, { timeout: 15_000 });
  await expectKept(messenger, ann, 1);

  // The messages are kept in this browser, what they carry is not.
  let reached = false;
  const api = (route: Route) => (reached ? route.continue() : route.abort());
  await page.route(/\/api\//, api);
  gate.close();
  await page.reload();
  const video = page.getByLabel('Video film.webm');
  await expect(video).toBeVisible();
  await expect(messenger.banner).toBeVisible();
  await expect(voice).toBeVisible();
  await expect(page.getByText('Does not play here.')).toHaveCount(0);
  reached = true;
  gate.open();
  await expect(messenger.banner).toBeHidden({ timeout: 30_000 });
  await expect.poll(() => video.evaluate((video: HTMLVideoElement) => video.videoWidth)).toBe(64);
  await expect(voice.locator('.sound-track path').first()).toHaveAttribute('d', /v/);
  await page.context().close();
  gate.end();
});

test('44. sounds play one at a time, go on while one scrolls, and are sought through', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'One', sound('one.wav', 20));
  await send(aldis, bob, ann, 'Two', sound('two.wav', 20));
  await aldis.readAll(ann);
  for (const options of [DESKTOP, { ...PHONE, reducedMotion: 'reduce' as const }]) {
    const page = await browserOf(browser, aldis, ann, options);
    await new Messenger(page).open(bob.username);
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    await button('Play one.wav').click();
    await expect(button('Pause one.wav')).toBeVisible();
    await button('Play two.wav').click();
    await expect(button('Pause two.wav')).toBeVisible();
    await expect(button('Play one.wav')).toBeVisible();
    const place = page.getByRole('slider', { name: 'Place in two.wav' });
    await expect(page.getByRole('slider', { name: 'Place in one.wav' })).toBeDisabled();
    await place.fill('15');
    await expect(place).toHaveAttribute('aria-valuetext', /^0:1\d of 0:20$/);
    await button('Pause two.wav').click();
    await expect(button('Play two.wav')).toBeVisible();
    if (options !== DESKTOP) await fits(page, 'sounds');
    expect(await violations(page), 'sounds').toEqual([]);
    await page.context().close();
  }
});

test('44. a sound ends with its message, and a photo that is looked at closes', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const heard = await send(aldis, bob, ann, 'One', sound('one.wav', 20));
  const seen = await send(aldis, bob, ann, 'Two', picture('two.png'));
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  await page.addInitScript(() => {
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      Object.assign(window, { player: this });
      return play.call(this);
    };
  });
  const paused = () => page.evaluate(() => (window as unknown as { player: HTMLAudioElement }).player.paused);
  await new Messenger(page).open(bob.username);
  await page.getByRole('button', { name: 'Play one.wav' }).click();
  await expect(page.getByRole('button', { name: 'Pause one.wav' })).toBeVisible();
  expect(await paused()).toBe(false);
  const socket = await aldis.connect(bob);
  await socket.emitWithAck('message:delete', { conversationId: heard.conversationId, id: heard.id });
  await expect(page.getByText('This message was deleted')).toBeVisible();
  expect(await paused()).toBe(true);
  await page.getByRole('button', { name: /two.png/ }).click();
  await expect(page.getByRole('dialog', { name: 'Photo' })).toBeVisible();
  await socket.emitWithAck('message:delete', { conversationId: seen.conversationId, id: seen.id });
  await expect(page.getByRole('dialog', { name: 'Photo' })).toHaveCount(0);
  socket.close();
  await page.context().close();
});

test('44. a PDF opens in a tab of its own, and what only says that it is one is saved', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const pdf = (name: string, text: string) => ({
    name,
    mimeType: 'application/pdf',
    buffer: Buffer.from(text),
  });
  await send(
    aldis,
    bob,
    ann,
    'Papers',
    pdf('crew.pdf', '%PDF-1.4\n%%EOF'),
    pdf('page.pdf', '<script>1</script>'),
  );
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, DESKTOP);
  await new Messenger(page).open(bob.username);
  const [tab] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('button', { name: 'Open crew.pdf' }).click(),
  ]);
  await expect.poll(() => tab.url()).toMatch(/^blob:/);
  await tab.close();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Open page.pdf' }).click(),
  ]);
  expect(saved.suggestedFilename()).toBe('page.pdf');
  await expect.poll(() => page.context().pages().length).toBe(1);
  await page.context().close();
});
