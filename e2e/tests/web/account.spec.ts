// What the server has of a person, and the end of their account.
import { readFile } from 'node:fs/promises';

import type { Locator, Page } from '@playwright/test';

import { PASSWORD, say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

async function account(page: Page): Promise<Locator> {
  await page.goto('/');
  await page.getByRole('button', { name: /^Account of/ }).waitFor();
  await page.keyboard.press('Control+,');
  const settings = page.getByRole('dialog', { name: 'Settings' });
  await settings.getByRole('button', { name: 'Account', exact: true }).click();
  return settings;
}

test('a copy of everything is downloaded, and a refusal is said', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  const settings = await account(page);
  const download = settings.getByRole('button', { name: 'Download my data' });
  await page.route('**/auth/export', (route) => route.abort());
  await download.click();
  await expect(settings.getByRole('alert')).toContainText('cannot be reached');
  await page.unroute('**/auth/export');
  const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
  expect(file.suggestedFilename()).toMatch(/^aldis-Ann-.*-\d{4}-\d\d-\d\d\.zip$/);
  expect((await readFile(await file.path())).subarray(0, 2).toString()).toBe('PK');
  await expect(settings.getByText('Your data is downloaded.')).toBeVisible();
  // Once an hour.
  await download.click();
  await expect(settings.getByRole('alert')).not.toBeEmpty();
  await page.context().close();
});

test('an account is deleted with its password, and with its messages where that is wanted', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(ann);
  await say(socket, { receiver: bob.username, text: 'Gone soon' });
  socket.close();
  const his = new Messenger(await browserOf(browser, aldis, bob));
  await his.open(ann.username);
  await expect(his.message('Gone soon')).toBeVisible();

  const page = await browserOf(browser, aldis, ann);
  const settings = await account(page);
  await settings.getByRole('button', { name: 'Delete my account' }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete your account?' });
  const password = dialog.getByLabel('Password', { exact: true });
  await expect(password).toBeFocused();
  await expect(dialog.getByRole('radio', { name: 'Stays with the others' })).toBeChecked();
  const yes = dialog.getByRole('button', { name: 'Delete for good' });
  await yes.click();
  await expect(password).toHaveAccessibleDescription('Fill this in.');
  await password.fill('not the password');
  await yes.click();
  await expect(password).toHaveAccessibleDescription('That is not your password.');
  await dialog.getByText('Is deleted for everybody').click();
  await password.fill(PASSWORD);
  await yes.click();
  await expect(page.getByText('Your account is deleted.')).toBeVisible();
  expect(
    (await aldis.request('POST', '/auth/login', { username: ann.username, password: PASSWORD })).status,
  ).toBe(401);
  await expect(his.page.getByText('This message was deleted')).toBeVisible();
  for (const one of [page, his.page]) await one.context().close();
});

test('the section fits a phone, light and dark, and axe finds nothing', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browserOf(browser, aldis, ann, { ...PHONE, colorScheme });
    const settings = await account(page);
    await expect(settings.getByRole('heading', { name: 'Account', exact: true })).toBeVisible();
    expect(await violations(page)).toEqual([]);
    await fits(page, 'the section');
    await settings.getByRole('button', { name: 'Delete my account' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await fits(page, 'the dialog');
    await page.context().close();
  }
});
