// Back closes what lies over the page, as fingers expect on a phone, before it leaves the page.
import { annAndBob, picture, send } from '../../support/files.ts';
import { browserOf, expect, Messenger, PHONE, test } from '../../support/web.ts';

test('Back ends selecting, and closes a picture and a dialog, before it leads to the list', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Hello');
  await send(aldis, bob, ann, 'Look', picture('a.png'));
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, { ...PHONE, reducedMotion: 'reduce' });
  const messenger = new Messenger(page);
  await page.goto('./');
  await messenger.conversation('Bob').tap();
  await messenger.composer.waitFor();
  const chat = page.url();

  await messenger.choose('Hello', 'Select');
  await expect(page.getByRole('status').filter({ hasText: '1 selected' })).toBeVisible();
  await expect(page.getByRole('article', { name: /^Selected, Bob, .*: Hello$/ })).toBeVisible();
  await page.goBack();
  await expect(messenger.composer).toBeVisible();
  expect(page.url()).toBe(chat);
  await expect(page.getByRole('article', { name: /^Bob, .*: Hello$/ })).toBeVisible();

  await page.getByRole('button', { name: 'Open photo a.png' }).tap();
  const viewer = page.getByRole('dialog', { name: 'Photo' });
  await expect(viewer.locator('img.pswp__img').first()).toBeVisible();
  await page.goBack();
  await expect(viewer).toHaveCount(0);
  expect(page.url()).toBe(chat);

  // The arrow leads to the list, whatever was begun.
  await messenger.choose('Hello', 'Select');
  await page.getByRole('button', { name: 'Back to your conversations' }).tap();
  await expect(messenger.conversation('Bob')).toBeVisible();

  await messenger.conversation('Bob').tap();
  await messenger.composer.waitFor();
  await page.goBack();
  await expect(messenger.conversation('Bob')).toBeVisible();
  expect(new URL(page.url()).pathname).toBe('/');

  // What lies over the list is closed in the same way.
  await page.getByRole('button', { name: 'Account of Ann' }).tap();
  await page.getByRole('button', { name: 'Settings' }).tap();
  await expect(page.getByRole('dialog', { name: 'Settings' })).toBeVisible();
  await page.goForward();
  await expect(page.getByRole('dialog', { name: 'Settings' })).toHaveCount(0);
  await expect(messenger.conversation('Bob')).toBeVisible();
  await page.context().close();
});
