// The form of a newcomer follows what the server says of itself.
import type { Page } from '@playwright/test';

import { expect, fits, PHONE, test, violations } from '../../support/web.ts';

const open = { registration: 'open', otp: 'fixed', emailRequired: false, providers: [] };

/** A server with these settings, as far as the page can tell. */
async function settings(page: Page, change: object): Promise<void> {
  await page.route('**/auth/settings', (route) => route.fulfill({ json: { ...open, ...change } }));
}

async function fill(page: Page, username: string): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
}

const create = (page: Page) => page.getByRole('button', { name: 'Create account' });

test('where only the invited may register, the link brings the code', async ({ aldis, page }) => {
  await settings(page, { registration: 'invite' });
  const bodies: Record<string, string>[] = [];
  await page.route('**/auth/register', async (route) => {
    const { invite, ...body } = route.request().postDataJSON() as Record<string, string>;
    bodies.push({ ...(invite ? { invite } : {}) });
    const invalid = { code: 'invite_invalid', detail: 'The invite is not valid.', status: 403 };
    if (invite !== 'LAMP42') return route.fulfill({ status: 403, json: invalid });
    await route.fulfill({ response: await route.fetch({ postData: JSON.stringify(body) }) });
  });
  await page.goto(`${aldis.url}/join/OLD`);
  const invite = page.getByLabel('Invitation code');
  await expect(invite).toHaveValue('OLD');
  await expect(page).toHaveURL(/register\?invite=OLD/);
  await fill(page, `Eve-${process.pid}`);
  await create(page).click();
  await expect(invite).toHaveAccessibleDescription('The invite is not valid.');
  await expect(invite).toBeFocused();
  await invite.fill('');
  await create(page).click();
  await expect(invite).toHaveAccessibleDescription('Fill this in.');

  await page.goto(`${aldis.url}/join/LAMP42`);
  // By way of the log-in and back it is still there, and after a wrong start, too.
  await page.getByRole('link', { name: 'Log in' }).click();
  await page.getByRole('link', { name: 'Create an account' }).click();
  await expect(invite).toHaveValue('LAMP42');
  await fill(page, `Eve-${process.pid}`);
  await create(page).click();
  await page.getByLabel('Six-digit code').waitFor();
  await page.getByRole('link', { name: 'Start again' }).click();
  await expect(invite).toHaveValue('LAMP42');
  await page.goBack();
  await page.getByLabel('Six-digit code').fill('123456');
  await expect(page.getByRole('button', { name: /^(Account of|Log in)/ })).toBeVisible();
  expect(bodies).toEqual([{ invite: 'OLD' }, { invite: 'LAMP42' }]);
});

test('where nobody may register, the page says so and has no fields', async ({ aldis, page }) => {
  await settings(page, { registration: 'closed' });
  await page.goto(`${aldis.url}/register`);
  await expect(page.getByText('Nobody can register here.')).toBeVisible();
  await expect(page.getByRole('textbox')).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
  await page.getByRole('link', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible();
});

test('where codes go by e-mail, an address is asked for', async ({ aldis, browser }) => {
  const context = await browser.newContext({ baseURL: aldis.url, ...PHONE });
  const page = await context.newPage();
  await settings(page, { registration: 'invite', otp: 'email', emailRequired: true });
  await page.goto('/join/LAMP42');
  const email = page.getByLabel('E-mail', { exact: true });
  await expect(email).toHaveAccessibleDescription('Your code is sent there.');
  await fill(page, `Eve-${process.pid}`);
  await create(page).click();
  await expect(email).toHaveAccessibleDescription('Fill this in: your code is sent there.');
  await expect(email).toBeFocused();
  await email.fill('eve');
  await create(page).click();
  await expect(email).toHaveAccessibleDescription('This is no e-mail address.');
  expect(await violations(page)).toEqual([]);
  await fits(page, 'registering by an invitation');
  await context.close();
});

test('where everybody may register, nothing is asked for that is not needed', async ({ aldis, page }) => {
  for (const answer of [open, null]) {
    // Without an answer the form is there as well.
    await page.route('**/auth/settings', (route) =>
      answer ? route.fulfill({ json: answer }) : route.abort(),
    );
    await page.goto(`${aldis.url}/register`);
    await expect(page.getByLabel('E-mail (optional)')).toBeVisible();
    await expect(page.getByLabel('Invitation code')).toHaveCount(0);
    await expect(page.getByText('This server sends no mail.')).toHaveCount(answer ? 1 : 0);
  }
  await page.unroute('**/auth/settings');
  await fill(page, `Mallory-${process.pid}`);
  await page.getByLabel('Password', { exact: true }).fill('password123');
  await create(page).click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(
    /Many people use this password/,
  );
});
