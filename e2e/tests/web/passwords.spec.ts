// Passwords and addresses: forgotten, changed, and asked for on a bad day.
import type { Locator, Page } from '@playwright/test';

import { type Aldis, PASSWORD, type Person } from '../../support/aldis.ts';
import { browserOf, expect, fits, PHONE, test, violations } from '../../support/web.ts';

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

/** The section of the settings that has the password. */
async function security(page: Page): Promise<Locator> {
  await inside(page).waitFor();
  await page.keyboard.press('Control+,');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('button', { name: 'Security' }).click();
  return dialog;
}

test('a password is changed, and everybody else who has it is logged out', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  const other = await browserOf(browser, aldis, ann);
  for (const one of [page, other]) await one.goto('/');
  await inside(other).waitFor();
  const settings = await security(page);
  await expect(settings.getByRole('listitem')).toHaveCount(3);
  await settings.getByRole('button', { name: 'Change the password' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change the password' });
  const present = dialog.getByLabel('Current password');
  await expect(present).toBeFocused();
  await expect(present).toHaveAttribute('autocomplete', 'current-password');
  const wanted = dialog.getByLabel('New password');
  const change = dialog.getByRole('button', { name: 'Change password' });
  await change.click();
  await expect(present).toHaveAccessibleDescription('Fill this in.');
  await present.fill('not the password');
  await wanted.fill('password123');
  await change.click();
  await expect(wanted).toHaveAccessibleDescription(/Many people use this password/);
  await wanted.fill(NEW);
  await change.click();
  await expect(present).toHaveAccessibleDescription('That is not your password.');
  await expect(present).toBeFocused();
  await present.fill(PASSWORD);
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(settings.getByText('Your password is changed.')).toBeVisible();
  await expect(settings.getByRole('listitem')).toHaveCount(1);
  await expect(other.getByRole('heading', { name: 'Log in' })).toBeVisible();
  const body = { username: ann.username, password: NEW };
  expect((await aldis.request('POST', '/auth/login', body)).status).toBe(200);
  for (const one of [page, other]) await one.context().close();
});

test('a changed password whose answer was lost is found to be changed', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann');
  const page = await browserOf(browser, aldis, ann);
  await page.goto('/');
  const settings = await security(page);
  await settings.getByRole('button', { name: 'Change the password' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change the password' });
  await dialog.getByLabel('Current password').fill(PASSWORD);
  await dialog.getByLabel('New password').fill(NEW);
  await page.route('**/auth/password', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert')).toContainText('cannot be reached');
  await page.unroute('**/auth/password');
  await page.keyboard.press('Enter');
  await expect(settings.getByText('Your password is changed.')).toBeVisible();
  await page.context().close();
});

test('an e-mail address is changed with the code that was sent to it', async ({ aldis, browser }) => {
  const { person, email } = await withEmail(aldis, 'eve');
  const page = await browserOf(browser, aldis, person);
  await page.goto('/');
  const settings = await security(page);
  await expect(settings.getByText(email)).toBeVisible();
  await settings.getByRole('button', { name: 'Change the e-mail address' }).click();
  const dialog = page.getByRole('dialog', { name: 'Change the e-mail address' });
  await expect(dialog.getByText(`Now it is ${email}.`)).toBeVisible();
  const address = dialog.getByLabel('New e-mail address');
  await expect(address).toBeFocused();
  await address.fill('nowhere');
  await page.keyboard.press('Enter');
  await expect(address).toHaveAccessibleDescription('This is no e-mail address.');
  const other = `other.${email}`;
  await address.fill(other);
  const password = dialog.getByLabel('Password', { exact: true });
  await password.fill('not the password');
  await page.keyboard.press('Enter');
  await expect(password).toHaveAccessibleDescription('That is not your password.');
  await password.fill(PASSWORD);
  await page.keyboard.press('Enter');
  const code = dialog.getByLabel('Six-digit code');
  await expect(code).toBeFocused();
  // A server that sends no mail does not say that it did.
  await expect(dialog.getByText('sent')).toHaveCount(0);
  await code.fill('000000');
  await expect(code).toHaveAccessibleDescription(/That is not the code/);
  await dialog.getByRole('button', { name: 'Send a new code' }).click();
  await expect(dialog.getByText('The code stays the same.')).toBeVisible();

  // The answer is lost; the sixth digit sends it.
  await page.route('**/auth/email/verify', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await code.fill('123456');
  await expect(code).toHaveAccessibleDescription(/cannot be reached/);
  await page.unroute('**/auth/email/verify');
  await dialog.getByRole('button', { name: 'Verify' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(settings.getByText(other)).toBeVisible();
  await expect(settings.getByText('Your e-mail address is changed.')).toBeVisible();
  await page.context().close();
});

test('forms for a password and an address fit, and axe finds nothing', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  for (const options of [PHONE, { colorScheme: 'dark' as const }]) {
    const page = await browserOf(browser, aldis, ann, options);
    await page.goto('/');
    await inside(page).waitFor();
    const settings = await security(page);
    for (const what of ['Change the password', 'Add an e-mail address']) {
      await settings.getByRole('button', { name: what }).click();
      const dialog = page.getByRole('dialog', { name: /^Change the/ });
      await dialog.getByRole('button', { name: 'Close' }).waitFor();
      if (what.includes('mail')) {
        await dialog.getByLabel('New e-mail address').fill('ann@example.org');
        await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD);
        await page.keyboard.press('Enter');
        await dialog.getByLabel('Six-digit code').waitFor();
      }
      expect(await violations(page)).toEqual([]);
      if ('isMobile' in options) await fits(page, what);
      await dialog.getByRole('button', { name: 'Close' }).click();
    }
    await page.context().close();
  }
});
