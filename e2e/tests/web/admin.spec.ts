// The page of those who see to the server.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Locator, Page } from '@playwright/test';

import { Aldis, PASSWORD, type Person } from '../../support/aldis.ts';
import { browserOf, expect, fits, PHONE, test, violations } from '../../support/web.ts';

/** Finds somebody on the page and opens what one may do about them. */
async function manage(page: Page, { username }: Person): Promise<Locator> {
  await page.getByLabel('Name, username or e-mail').fill(username.toLowerCase());
  await page.getByRole('button', { name: `Manage ${username}` }).click();
  return page
    .getByRole('dialog')
    .filter({ hasText: `@${username}` })
    .first();
}

/** Presses what is to be done, and once more where it is asked. */
async function act(page: Page, dialog: Locator, label: string): Promise<void> {
  await dialog.getByRole('button', { name: label, exact: true }).click();
  await page.getByRole('dialog', { name: label }).getByRole('button', { name: label, exact: true }).click();
  await expect(page.getByRole('dialog', { name: label })).toHaveCount(0);
}

test('an admin finds a person, shuts them out, lets them in, and reads it in the log', async ({
  aldis,
  browser,
}) => {
  const [root, ann] = [await aldis.admin('root'), await aldis.person('ann', 'Ann')];
  const page = await browserOf(browser, aldis, root);
  const hers = await browserOf(browser, aldis, ann);
  await hers.goto('/');
  await hers.getByRole('button', { name: 'Account of Ann' }).waitFor();
  await page.goto('/');
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('link', { name: 'Administration' }).click();
  await expect(page.getByRole('heading', { name: 'Administration' })).toBeVisible();
  await expect(page).toHaveTitle(/Administration/);

  const dialog = await manage(page, ann);
  await expect(dialog).toContainText(/logged in on 2 devices/);
  await act(page, dialog, 'Shut out');
  await expect(dialog.getByText('They are shut out.')).toBeVisible();
  await expect(hers.getByRole('heading', { name: 'Log in' })).toBeVisible();
  const login = () =>
    aldis.request('POST', '/auth/login', { username: ann.username, password: ann.password });
  expect((await login()).status).toBe(403);
  await act(page, dialog, 'Let in again');
  await expect(dialog.getByText('They may log in again.')).toBeVisible();
  expect((await login()).status).toBe(200);
  await act(page, dialog, 'Log out everywhere');
  await expect(dialog).toContainText('not logged in');
  await act(page, dialog, 'Make admin');
  await expect(dialog.getByText('They are an admin now.')).toBeVisible();
  await act(page, dialog, 'Remove as admin');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('listitem').filter({ hasText: 'Ann' })).not.toContainText('Admin');

  await page.getByRole('button', { name: 'Log', exact: true }).click();
  const log = page.getByRole('listitem');
  for (const [row, what] of [
    `removed @${ann.username} as an admin`,
    `made @${ann.username} an admin`,
    `logged @${ann.username} out everywhere`,
    `let @${ann.username} in again`,
    `@${root.username} shut out @${ann.username}`,
  ].entries())
    await expect(log.nth(row)).toContainText(what);
  await expect(log.filter({ hasText: `The command line made @${root.username} an admin` })).toHaveCount(1);

  await page.getByRole('link', { name: 'Back to the messages' }).click();
  await expect(page.getByRole('button', { name: /^Account of/ })).toBeVisible();
  for (const one of [page, hers]) await one.context().close();
});

test('only admins have the page, and none shuts themselves out', async ({ aldis, browser }) => {
  const [root, ann] = [await aldis.admin('root'), await aldis.person('ann', 'Ann')];
  const hers = await browserOf(browser, aldis, ann);
  await hers.goto('/admin');
  await expect(hers).toHaveURL(`${aldis.url}/`);
  await hers.getByRole('button', { name: 'Account of Ann' }).click();
  await hers.getByRole('button', { name: 'Settings' }).waitFor();
  await expect(hers.getByRole('link', { name: 'Administration' })).toHaveCount(0);
  const page = await browserOf(browser, aldis, root);
  await page.goto('/admin');
  const dialog = await manage(page, root);
  await expect(dialog.getByText('This is you.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Shut out' })).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByLabel('Name, username or e-mail').fill('nobody of this name');
  await expect(page.getByText('Nobody found')).toBeVisible();
  for (const one of [page, hers]) await one.context().close();
});

test('a code is handed over, an account deleted, and a refusal said where it was asked', async ({
  aldis,
  browser,
}) => {
  const [root, ann] = [await aldis.admin('root'), await aldis.person('ann', 'Ann')];
  const page = await browserOf(browser, aldis, root);
  const at = `**/admin/users/${ann.username}`;
  await page.route(`${at}/reset`, (route) =>
    route.fulfill({ json: { otp: '424242', expiresAt: new Date(Date.now() + 600_000).toISOString() } }),
  );
  const last = { code: 'last_admin', detail: 'Nobody else could see to the server.', status: 409 };
  let refuse = true;
  await page.route(at, (route) =>
    route.request().method() === 'DELETE'
      ? route.fulfill(refuse ? { status: 409, json: last } : { status: 204 })
      : route.continue(),
  );
  await page.goto('/admin');
  const dialog = await manage(page, ann);
  await act(page, dialog, 'Reset the password');
  await expect(dialog.getByText('424242')).toBeVisible();
  await expect(dialog.getByText(`Hand this code to @${ann.username}`)).toBeVisible();
  await dialog.getByRole('button', { name: 'Delete the account' }).click();
  const asked = page.getByRole('dialog', { name: 'Delete the account' });
  const yes = asked.getByRole('button', { name: 'Delete the account' });
  await yes.click();
  await expect(asked.getByRole('alert')).toHaveText(last.detail);
  refuse = false;
  await yes.click();
  await expect(dialog.getByText('This account was deleted.')).toBeVisible();
  await page.context().close();
});

test('a page of many people goes on, and the server not reached is said', async ({ aldis, browser }) => {
  const root = await aldis.admin('root');
  const page = await browserOf(browser, aldis, root);
  const one = (username: string) => ({
    username,
    displayName: username,
    createdAt: new Date().toISOString(),
    role: 'member',
    verified: false,
    disabled: false,
    sessions: 0,
  });
  await page.route('**/admin/users?*', (route) =>
    route.fulfill({
      json: new URL(route.request().url()).searchParams.has('next')
        ? { items: [one('zoe')] }
        : { items: [one('amy')], next: 'more' },
    }),
  );
  await page.goto('/admin');
  await expect(page.getByRole('listitem')).toHaveText(/amy.*Not verified.*never seen/);
  await page.getByRole('button', { name: 'Show more' }).click();
  await expect(page.getByRole('listitem')).toHaveCount(2);
  await expect(page.getByRole('button', { name: 'Show more' })).toHaveCount(0);
  await page.route('**/admin/users?*', (route) => route.abort());
  await page.getByLabel('Name, username or e-mail').fill('b');
  await expect(page.getByRole('alert')).toContainText('cannot be reached');
  await page.context().close();
});

test('an invite is made, used by its link, told in the list and taken back', async ({ browser }) => {
  const aldis = await Aldis.start(['--registration', 'invite']);
  const file = join(aldis.data, 'password');
  await writeFile(file, PASSWORD, { mode: 0o600 });
  await aldis.user('add', 'Root', '--admin', '--password-file', file);
  const page = await browserOf(browser, aldis, { username: 'Root' } as Person, {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await page.goto('/admin');
  await page.getByRole('button', { name: 'Invites' }).click();
  await expect(page.getByText('Only people with an invite may register here.')).toBeVisible();
  await expect(page.getByText('No invites yet.')).toBeVisible();
  await page.getByRole('button', { name: 'New invite' }).click();
  const dialog = page.getByRole('dialog', { name: 'New invite' });
  await dialog.getByRole('radio', { name: 'In 30 days' }).check({ force: true });
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Make the invite' }).click();
  await dialog.getByRole('button', { name: 'Copy' }).click();
  await expect(dialog.getByText('Copied.')).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await dialog.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('listitem');
  await expect(row).toHaveText(/For one person.*nobody has come yet · made today by @Root · until/);
  await expect(row).not.toContainText(link.split('/').pop()!);

  const hers = await (await browser.newContext({ serviceWorkers: 'block' })).newPage();
  await hers.goto(link);
  await hers.getByLabel('Username').fill('Ann');
  await hers.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await hers.getByRole('button', { name: 'Create account' }).click();
  await hers.getByLabel('Six-digit code').fill('123456');
  await expect(hers.getByRole('button', { name: 'Account of Ann' })).toBeVisible();
  await page.getByRole('button', { name: 'People' }).click();
  await page.getByRole('button', { name: 'Invites' }).click();
  await expect(row).toHaveText(/For one person.*Used up.*one has come/);
  await expect(page.getByRole('button', { name: 'Link of the invite' })).toHaveCount(0);

  // One for everybody, whose link is there again, until it is taken back.
  await page.getByRole('button', { name: 'New invite' }).click();
  await dialog.getByRole('radio', { name: 'Any number' }).check({ force: true });
  await dialog.getByRole('radio', { name: 'Never' }).check({ force: true });
  await dialog.getByRole('button', { name: 'Make the invite' }).click();
  await page.keyboard.press('Escape');
  await expect(row.first()).toContainText('For as many as want to come');
  await expect(row.first()).not.toContainText('until');
  await page.getByRole('button', { name: 'Link of the invite' }).click();
  const shown = page.getByRole('dialog', { name: 'Link of the invite' });
  await expect(shown).toContainText(`${aldis.url}/join/`);
  await shown.getByRole('button', { name: 'Close' }).click();
  await page
    .getByRole('button', { name: /^Take the invite/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Take back', exact: true }).click();
  await expect(row).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'New invite' })).toBeFocused();

  await page.getByRole('button', { name: 'Figures' }).click();
  await expect(page.getByRole('definition').first()).toHaveText(/^\s*2\s*2 verified · 0 shut out/);
  await page.getByRole('button', { name: 'Look again' }).click();
  await expect(page.getByText('Connected now')).toBeVisible();
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  await expect(row.first()).toContainText(/@Root took the invite .{6}… back/);
  await expect(row.nth(1)).toContainText(/@Root made the invite/);
  for (const one of [page, hers]) await one.context().close();
  await aldis.end();
});

test('the page fits a phone and a desktop, light and dark, and axe finds nothing', async ({
  aldis,
  browser,
}) => {
  const [root, ann] = [await aldis.admin('root'), await aldis.person('ann', 'Ann')];
  await aldis.call('POST', '/admin/invites', { uses: 5 }, root.token);
  for (const options of [PHONE, { viewport: { width: 1440, height: 900 } }]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browserOf(browser, aldis, root, { ...options, colorScheme });
      await page.goto('/admin');
      const check = async (what: string) => {
        expect(await violations(page), what).toEqual([]);
        if ('isMobile' in options) await fits(page, what);
      };
      await expect(page.getByRole('listitem').first()).toBeVisible();
      await check('people');
      const dialog = await manage(page, ann);
      await check('a person');
      await dialog.getByRole('button', { name: 'Close' }).click();
      await page.getByRole('button', { name: 'Invites' }).click();
      await expect(page.getByText('Everybody may register here')).toBeVisible();
      await expect(page.getByRole('listitem').first()).toContainText('made today');
      await check('invites');
      await page.getByRole('button', { name: 'New invite' }).click();
      await check('a new invite');
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Figures' }).click();
      await expect(page.getByText('Connected now')).toBeVisible();
      await check('figures');
      await page.getByRole('button', { name: 'Log', exact: true }).click();
      await expect(page.getByRole('listitem').first()).toBeVisible();
      await check('log');
      await page.context().close();
    }
  }
});
