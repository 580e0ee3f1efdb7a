// Passwords and addresses: forgotten, changed, and asked for on a bad day.
import type { Page } from '@playwright/test';

import { type Aldis, PASSWORD, type Person } from '../../support/aldis.ts';
import { expect, fits, PHONE, test, violations } from '../../support/web.ts';

const NEW = 'purple lamp over water';

/** Somebody whose account has an e-mail address, which is shown to nobody else. */
async function withEmail(aldis: Aldis, name: string): Promise<{ person: Person; email: string }> {
  const person = await aldis.person(name);
  const email = `${person.username}@example.org`.toLowerCase();
  await aldis.call('POST', '/auth/email', { password: PASSWORD, email }, person.token);
  await aldis.call('POST', '/auth/email/verify', { otp: '123456' }, person.token);
  return { person, email };
}

/** The page that asks for a code, by way of the log-in. */
async function forgot(page: Page, aldis: Aldis, who: string): Promise<void> {
  await page.goto(`${aldis.url}/login`);
  await page.getByRole('link', { name: 'Forgot password?' }).click();
  const field = page.getByLabel('Username or e-mail');
  await expect(field).toBeFocused();
  await field.fill(who);
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Six-digit code')).toBeVisible();
}

async function set(page: Page, code: string, password: string): Promise<void> {
  await page.getByLabel('Six-digit code').fill(code);
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set password and log in' }).click();
}

const inside = (page: Page) => page.getByRole('button', { name: /^Account of/ });

test('a forgotten password is replaced by a code, and logs in by itself', async ({ aldis, page }) => {
  const ann = await aldis.person('ann', 'Ann');
  await page.goto(`${aldis.url}/login?next=/@bob`);
  await page.getByLabel('Username').fill(ann.username.toUpperCase());
  await page.getByRole('link', { name: 'Forgot password?' }).click();
  // What was typed at the log-in is known.
  await expect(page.getByLabel('Username or e-mail')).toHaveValue(ann.username.toUpperCase());
  await page.getByRole('button', { name: 'Send a code' }).click();
  const code = page.getByLabel('Six-digit code');
  await expect(code).toBeFocused();
  await expect(code).toHaveAttribute('autocomplete', 'one-time-code');
  await expect(page.getByText('The code sets a new password for')).toBeVisible();
  await expect(page.getByText('the code is 123456')).toBeVisible();

  await set(page, '000000', NEW);
  await expect(code).toHaveAccessibleDescription(/That is not the code/);
  await expect(code).toBeFocused();
  const password = page.getByLabel('New password');
  await expect(password).toHaveAttribute('autocomplete', 'new-password');
  await set(page, '123456', 'short');
  await expect(password).toHaveAccessibleDescription('Use at least 8 characters.');
  await set(page, '123456', 'password123');
  await expect(password).toHaveAccessibleDescription(/Many people use this password/);
  await expect(password).toBeFocused();
  await page.getByRole('button', { name: 'Show password' }).click();
  await expect(password).toHaveAttribute('type', 'text');
  await set(page, '123456', NEW);
  await expect(inside(page)).toBeVisible();
  await expect(page).toHaveURL(/@bob$/);

  // Every other session is over, and the old password with it.
  expect((await aldis.request('GET', '/api/users/me', undefined, ann.token)).status).toBe(401);
  const old = { username: ann.username, password: PASSWORD };
  expect((await aldis.request('POST', '/auth/login', old)).status).toBe(401);
});

test('an e-mail address is enough to be sent a code, and nobody learns whether it is known', async ({
  aldis,
  page,
}) => {
  const { person, email } = await withEmail(aldis, 'eve');
  for (const address of ['nobody@example.org', email]) {
    await forgot(page, aldis, address);
    await expect(page.getByText(address)).toBeVisible();
  }
  const name = page.getByLabel('Username');
  await expect(name).toBeFocused();
  await set(page, '123456', NEW);
  await expect(name).toHaveAccessibleDescription('Fill this in.');
  await name.fill('somebody.else');
  await set(page, '123456', NEW);
  const code = page.getByLabel('Six-digit code');
  await expect(code).toHaveAccessibleDescription(/do not match/);
  await name.fill(`@${person.username}`);
  await set(page, '123456', NEW);
  await expect(inside(page)).toBeVisible();
});

test('a code that was guessed at is locked, and a new one works', async ({ aldis, page }) => {
  const ann = await aldis.person('ann');
  await forgot(page, aldis, ann.username);
  const code = page.getByLabel('Six-digit code');
  for (let guess = 0; guess < 6; guess++) {
    await set(page, `00000${guess}`, NEW);
    await expect(page.getByRole('button', { name: 'Set password and log in' })).toBeVisible();
    await expect(code).toHaveAccessibleDescription(/./);
  }
  await expect(code).toHaveAccessibleDescription(/Too many wrong tries/);
  await page.getByRole('button', { name: 'Send a new code' }).click();
  await expect(page.getByRole('status')).toHaveText('The code stays the same.');
  await set(page, '123456', NEW);
  await expect(inside(page)).toBeVisible();
});

test('a reset whose answer was lost is found to be done', async ({ aldis, page }) => {
  const ann = await aldis.person('ann');
  await forgot(page, aldis, ann.username);
  await page.route('**/auth/reset', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await set(page, '123456', NEW);
  await expect(page.getByRole('alert').filter({ hasText: 'cannot be reached' })).toBeVisible();
  await page.unroute('**/auth/reset');
  await page.getByRole('button', { name: 'Set password and log in' }).click();
  await expect(inside(page)).toBeVisible();
});

test('what keeps a code from being sent is said at the field', async ({ aldis, page }) => {
  await page.goto(`${aldis.url}/login`);
  await page.getByRole('link', { name: 'Forgot password?' }).click();
  const field = page.getByLabel('Username or e-mail');
  await page.getByRole('button', { name: 'Send a code' }).click();
  await expect(field).toHaveAccessibleDescription('Fill this in.');
  await field.fill('ann');
  const problem = { code: 'rate_limited', detail: 'Too many; wait a moment.', status: 429, retryable: true };
  await page.route('**/auth/forgot', (route) => route.fulfill({ status: 429, json: problem }));
  await page.keyboard.press('Enter');
  await expect(field).toHaveAccessibleDescription('Too many; wait a moment.');
  await page.unroute('**/auth/forgot');
  await page.context().setOffline(true);
  await page.keyboard.press('Enter');
  await expect(field).toHaveAccessibleDescription(/cannot be reached/);
  await page.context().setOffline(false);
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Six-digit code')).toBeFocused();
  await page.getByRole('button', { name: 'Start again' }).click();
  await expect(field).toBeFocused();
  await page.getByRole('link', { name: 'Back to the log-in' }).click();
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible();
});

test('both steps fit a phone and a desktop, light and dark, and axe finds nothing', async ({
  aldis,
  browser,
}) => {
  for (const options of [PHONE, { viewport: { width: 1440, height: 900 } }]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ baseURL: aldis.url, colorScheme, ...options });
      const page = await context.newPage();
      await page.goto('/forgot');
      await page.getByLabel('Username or e-mail').waitFor();
      expect(await violations(page)).toEqual([]);
      if ('isMobile' in options) await fits(page, 'asking');
      await page.getByLabel('Username or e-mail').fill('ann@example.org');
      await page.keyboard.press('Enter');
      await page.getByLabel('Six-digit code').waitFor();
      await page.getByRole('button', { name: 'Set password and log in' }).click();
      expect(await violations(page)).toEqual([]);
      if ('isMobile' in options) await fits(page, 'setting');
      await context.close();
    }
  }
});
