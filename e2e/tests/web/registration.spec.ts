// The form of a newcomer follows what the server says of itself.
import type { Page as Tab } from '@playwright/test';

import type { AddedUser, Invite, LoggedIn, Page } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis } from '../../support/aldis.ts';
import { codeOf, MailServer } from '../../support/mail.ts';
import { expect, fits, PHONE, test, violations } from '../../support/web.ts';

async function fill(page: Tab, username: string): Promise<void> {
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
}

const servers: Aldis[] = [];
test.afterEach(() => Promise.all(servers.splice(0).map((aldis) => aldis.end())));

async function start(...flags: string[]): Promise<Aldis> {
  const aldis = await Aldis.start(flags);
  servers.push(aldis);
  return aldis;
}

const create = (page: Tab) => page.getByRole('button', { name: 'Create account' });

test('where only the invited may register, the link brings the code', async ({ page }) => {
  const aldis = await start('--registration', 'invite');
  const { password } = JSON.parse(await aldis.user('add', 'Boss', '--admin', '--json')) as AddedUser;
  const { token } = await aldis.call<LoggedIn>('POST', '/auth/login', { username: 'boss', password });
  const { code, url } = await aldis.call<Invite>('POST', '/admin/invites', { uses: 1 }, token);
  await page.goto(`${aldis.url}/join/OLD`);
  const invite = page.getByLabel('Invitation code');
  await expect(invite).toHaveValue('OLD');
  await expect(page).toHaveURL(/register\?invite=OLD/);
  await fill(page, 'Eve');
  await create(page).click();
  await expect(invite).toHaveAccessibleDescription(/Ask for a new invite/);
  await expect(invite).toBeFocused();
  await invite.fill('');
  await create(page).click();
  await expect(invite).toHaveAccessibleDescription('Fill this in.');

  await page.goto(aldis.url + url);
  // By way of the log-in and back it is still there, and after a wrong start, too.
  await page.getByRole('link', { name: 'Log in' }).click();
  await page.getByRole('link', { name: 'Create an account' }).click();
  await expect(invite).toHaveValue(code);
  await fill(page, 'Eve');
  await create(page).click();
  await page.getByLabel('Six-digit code').waitFor();
  await page.getByRole('link', { name: 'Start again' }).click();
  await expect(invite).toHaveValue(code);
  await page.goBack();
  await page.getByLabel('Six-digit code').fill('123456');
  await expect(page.getByRole('button', { name: 'Account of Eve' })).toBeVisible();
  const invites = await aldis.call<Page<Invite>>('GET', '/admin/invites', undefined, token);
  expect(invites.items.map(({ used }) => used)).toEqual([1]);
});

test('where nobody may register, the page says so and has no fields', async ({ page }) => {
  const aldis = await start('--registration', 'closed');
  await page.goto(`${aldis.url}/register`);
  await expect(page.getByText('Nobody can register here.')).toBeVisible();
  await expect(page.getByRole('textbox')).toHaveCount(0);
  expect(await violations(page)).toEqual([]);
  await page.getByRole('link', { name: 'Log in' }).click();
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible();
});

test('where codes go by e-mail, an address is asked for', async ({ browser }) => {
  const mails = new MailServer();
  const smtp = ['--smtp-url', `smtp://localhost:${await mails.listen()}`, '--smtp-from', 'chat@club.example'];
  const aldis = await start('--otp-channel', 'email', ...smtp);
  const context = await browser.newContext({ baseURL: aldis.url, ...PHONE });
  const page = await context.newPage();
  await page.goto('/register');
  const email = page.getByLabel('E-mail', { exact: true });
  await expect(email).toHaveAccessibleDescription('Your code is sent there.');
  await fill(page, 'Eve');
  await create(page).click();
  await expect(email).toHaveAccessibleDescription('Fill this in: your code is sent there.');
  await expect(email).toBeFocused();
  await email.fill('eve');
  await create(page).click();
  await expect(email).toHaveAccessibleDescription('This is no e-mail address.');
  expect(await violations(page)).toEqual([]);
  await fits(page, 'registering with an address');
  await email.fill('eve@example.org');
  await create(page).click();
  await page.getByLabel('Six-digit code').fill(codeOf(await mails.mail(0)));
  await expect(page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
  await context.close();
  await mails.close();
});

test('where everybody may register, nothing is asked for that is not needed', async ({ aldis, page }) => {
  for (const answers of [true, false]) {
    // Without an answer the form is there as well.
    if (!answers) await page.route('**/auth/settings', (route) => route.abort());
    await page.goto(`${aldis.url}/register`);
    await expect(page.getByLabel('E-mail (optional)')).toBeVisible();
    await expect(page.getByLabel('Invitation code')).toHaveCount(0);
    await expect(page.getByText('This server sends no mail.')).toHaveCount(answers ? 1 : 0);
  }
  await page.unroute('**/auth/settings');
  await fill(page, `Mallory-${process.pid}`);
  await page.getByLabel('Password', { exact: true }).fill('password123');
  await create(page).click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(
    /Many people use this password/,
  );
});
