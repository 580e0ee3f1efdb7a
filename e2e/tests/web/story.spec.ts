import type { Page } from '@playwright/test';

import { Aldis } from '../../support/aldis.ts';
import { expect, expectLast, Messenger, test } from '../../support/web.ts';

/** As a newcomer does it: every field by its label, every step by its button. */
async function join(page: Page, username: string, name: string): Promise<void> {
  await page.goto('/');
  await page.getByRole('link', { name: 'Create an account' }).click();
  // The page before has a field of this name, too.
  await page.getByLabel('Name (optional)').waitFor();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Name (optional)').fill(name);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('the code is 123456')).toBeVisible();
  await page.getByLabel('Six-digit code').fill('123456');
  await expect(page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
}

test('two people register, talk, lose the server, and miss nothing', async ({ browser }) => {
  const aldis = await Aldis.start();
  const [hers, his] = await Promise.all([browser.newContext({ baseURL: aldis.url }), browser.newContext({ baseURL: aldis.url })]);
  const ann = new Messenger(await hers.newPage());
  let bob = new Messenger(await his.newPage());
  await join(ann.page, 'ann', 'Ann');
  await join(bob.page, 'bob', 'Bob');

  await ann.page.getByRole('button', { name: 'New conversation' }).first().click();
  await ann.page.getByRole('textbox', { name: 'Username' }).fill('nobody.here');
  await ann.page.getByRole('button', { name: 'Start conversation' }).click();
  await expect(ann.page.getByText('Nobody here is called @nobody.here')).toBeVisible();
  await ann.page.getByRole('textbox', { name: 'Username' }).fill('bob');
  await ann.page.getByRole('button', { name: 'Start conversation' }).click();
  await ann.send('Hello Bob');
  await expect(ann.tick('Hello Bob', 'Delivered')).toBeVisible();

  await bob.conversation('Ann').click();
  await expect(bob.message('Hello Bob')).toBeVisible();
  await expect(ann.tick('Hello Bob', 'Read')).toBeVisible();
  await bob.send('Hello Ann');
  await expect(ann.message('Hello Ann')).toBeVisible();

  // Bob closes; Ann goes on; the power fails; Bob opens again.
  await bob.page.close();
  const texts = Array.from({ length: 20 }, (_, index) => `While you were away ${index + 1}`);
  for (const text of texts) await ann.send(text);
  await expect(ann.tick(texts.at(-1)!, 'Sent')).toBeVisible();
  await aldis.kill();
  await expect(ann.banner).toBeVisible();
  await ann.send('Written in the dark');
  await expect(ann.tick('Written in the dark', 'Waiting to be sent')).toBeVisible();
  await aldis.restart();
  await expect(ann.banner).toBeHidden();
  await expect(ann.tick('Written in the dark', 'Sent')).toBeVisible();

  bob = new Messenger(await his.newPage());
  await bob.page.goto('/');
  await expect(bob.conversation('Ann').getByText('21 unread')).toBeVisible();
  await bob.conversation('Ann').click();
  await expect(bob.message('Written in the dark')).toBeVisible();
  const all = ['Hello Bob', 'Hello Ann', ...texts, 'Written in the dark'];
  const login = await aldis.call<{ token: string }>('POST', '/auth/login', { username: 'bob', password: 'correct horse battery' });
  const [conversation] = await aldis.conversations(login);
  expect((await aldis.messages(login, conversation!.id)).map(({ text }) => text)).toEqual(all);
  await expectLast(bob, all);
  await expect(ann.tick('Written in the dark', 'Read')).toBeVisible();
  await expect(bob.conversation('Ann').getByText('unread')).toBeHidden();

  // Out, and nothing is left behind.
  await bob.page.getByRole('button', { name: 'Account of Bob' }).click();
  await bob.page.getByRole('button', { name: 'Log out' }).click();
  await expect(bob.page.getByText('You are logged out')).toBeVisible();
  expect(await bob.page.evaluate(async () => [localStorage.length, (await indexedDB.databases()).length])).toEqual([0, 0]);
  await Promise.all([hers.close(), his.close()]);
  await aldis.end();
});

test('a wrong password, a wrong code and a taken name are explained where they happen', async ({ aldis, page }) => {
  const ann = await aldis.person('ann');
  await page.goto(`${aldis.url}/login`);
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).toHaveText('That username and password do not match.');

  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Name (optional)').waitFor();
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('Use at least 8 characters.')).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill('long enough');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('This username is taken.')).toBeVisible();
  await page.getByLabel('Username').fill(`${ann.username}.two`);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Six-digit code').fill('000000');
  await expect(page.getByRole('alert')).toHaveText('That is not the code, or it is no longer valid.');
});

test('a session that was ended elsewhere leads to the login with an explanation, and back', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const context = await browser.newContext({ baseURL: aldis.url });
  const page = await context.newPage();
  await page.goto(`/@${bob.username}`);
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill(ann.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { name: 'Bob' })).toBeVisible();
  const { token } = await page.evaluate(() => JSON.parse(localStorage.getItem('aldis:session')!) as { token: string });
  await aldis.call('POST', '/auth/logout', undefined, token);
  await expect(page.getByText('Your session has ended')).toBeVisible();
  await context.close();
});
