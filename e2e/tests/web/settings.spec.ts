import type { Page } from '@playwright/test';

import { Aldis, say } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

const SECTIONS = [
  'Profile',
  'Appearance',
  'Notifications',
  'Privacy',
  'Security',
  'API tokens',
  'About',
  'Account',
];

/** Opens a section of the settings, as from the keyboard. */
async function settings(page: Page, section: string) {
  await page.getByRole('button', { name: /^Account of/ }).waitFor();
  await page.keyboard.press('Control+,');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('button', { name: section, exact: true }).click();
  await expect(dialog.getByRole('heading', { name: section })).toBeVisible();
  return dialog;
}

test('the settings open from the menu and by a key, close with Esc, and give the focus back', async ({
  aldis,
  browser,
}) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  await page.goto('/');
  const account = page.getByRole('button', { name: 'Account of Ann' });
  await account.click();
  await page.getByRole('button', { name: 'Settings' }).click();
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await expect(dialog.getByRole('heading', { name: 'Profile' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(account).toBeFocused();
  await page.keyboard.press('Control+,');
  await expect(dialog).toBeVisible();
  // As the shortcut of the installed client does.
  await page.goto('/?open=settings');
  await expect(dialog).toBeVisible();
  await expect(page).toHaveURL(`${aldis.url}/`);
  await page.context().close();
});

test('another name is the same in all tabs and on all devices', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  const [tab, device] = [await page.context().newPage(), await browserOf(browser, aldis, ann)];
  for (const one of [page, tab, device]) {
    await one.goto('/');
    await expect(one.getByRole('button', { name: 'Account of Ann', exact: true })).toBeVisible();
  }
  const dialog = await settings(page, 'Profile');
  const name = dialog.getByRole('textbox', { name: 'Name' });
  await expect(name).toHaveValue('Ann');
  await name.fill('');
  await page.keyboard.press('Enter');
  await expect(name).toHaveAccessibleDescription('What may others call you?');
  const sign = (note: Element) => getComputedStyle(note, '::before').content;
  expect(await dialog.locator('.field-note.wrong').evaluate(sign), 'a sign beside the words').toContain('!');
  await name.fill('x'.repeat(65));
  await page.keyboard.press('Enter');
  await expect(name).toHaveAccessibleDescription(/64/);
  await name.fill('Ann of the Lamp');
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('Saved.')).toBeVisible();
  const renamed = { name: 'Account of Ann of the Lamp' };
  await expect(tab.getByRole('button', renamed)).toBeVisible();
  // Another device asks when somebody looks at it.
  await expect(async () => {
    await device.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await expect(device.getByRole('button', renamed)).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.reload();
  await expect(page.getByRole('button', renamed)).toBeVisible();
  for (const one of [page, device]) await one.context().close();
});

test('theme and text size hold in all tabs and after a reload', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann, { colorScheme: 'light' });
  const tab = await page.context().newPage();
  const look = (one: Page) =>
    one.evaluate(() =>
      [getComputedStyle(document.body).colorScheme, getComputedStyle(document.documentElement).fontSize].join(
        ' ',
      ),
    );
  for (const one of [page, tab]) await one.goto('/');
  const elsewhere = await settings(tab, 'Appearance');
  const dialog = await settings(page, 'Appearance');
  await dialog.getByRole('radio', { name: 'Dark' }).check({ force: true });
  await dialog.getByRole('radio', { name: 'Larger' }).check({ force: true });
  expect(await look(page)).toBe('dark 20px');
  await expect.poll(() => look(tab)).toBe('dark 20px');
  await expect(elsewhere.getByRole('radio', { name: 'Larger' })).toBeChecked();
  await page.reload();
  expect(await look(page)).toBe('dark 20px');
  await (await settings(page, 'Appearance')).getByRole('radio', { name: 'Usual' }).check({ force: true });
  expect(await look(page)).toBe('dark 16px');
  await page.context().close();
});

test('who hides is not seen, and whom one blocked is let in again', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  await aldis.call('PUT', `/api/blocks/${bob.username}`, undefined, ann.token);
  const page = await browserOf(browser, aldis, ann);
  await new Messenger(page).open(bob.username);
  const dialog = await settings(page, 'Privacy');
  const show = dialog.getByRole('switch', { name: "Show when I'm online" });
  await expect(show).toHaveAttribute('aria-checked', 'true');
  await show.click();
  await expect(show).toHaveAttribute('aria-checked', 'false');
  expect(await aldis.call('GET', '/api/users/me', undefined, ann.token)).toMatchObject({
    hidePresence: true,
  });

  await dialog.getByRole('button', { name: `Unblock ${bob.username}` }).click();
  await expect(dialog.getByText(`${bob.username} is no longer blocked.`)).toBeFocused();
  await expect(dialog.getByText('Nobody. You block')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('You have blocked Bob.')).toHaveCount(0);
  expect((await aldis.call<{ items: unknown[] }>('GET', '/api/blocks', undefined, ann.token)).items).toEqual(
    [],
  );
  socket.close();
  await page.context().close();
});

test('a device is logged out from afar, and then all others', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  const other = await browserOf(browser, aldis, ann);
  for (const one of [page, other]) await one.goto('/');
  await aldis.login(ann.username, 'A phone');
  await aldis.login(ann.username, 'A tablet');
  const dialog = await settings(page, 'Security');
  const lines = dialog.getByRole('listitem');
  await expect(lines.first()).toContainText('This device');
  await expect(lines.first().getByRole('button')).toHaveCount(0);
  const before = await lines.count();
  await dialog.getByRole('button', { name: 'Log out A phone' }).click();
  await expect(lines).toHaveCount(before - 1);
  await expect(lines.filter({ hasText: 'A phone' })).toHaveCount(0);
  await expect(lines.filter({ hasText: 'A tablet' })).toBeVisible();

  await dialog.getByRole('button', { name: 'Log out all other devices' }).click();
  const asked = page.getByRole('dialog', { name: 'Log out all other devices?' });
  await expect(asked).toContainText('API tokens stay');
  await asked.getByRole('button', { name: 'Log out' }).click();
  await expect(lines).toHaveCount(1);
  await expect(other.getByText('Your session has ended')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Account of Ann' })).toBeVisible();
  for (const one of [page, other]) await one.context().close();
});

test('an API token is made, shown once, used and ended', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto('/');
  const dialog = await settings(page, 'API tokens');
  await expect(dialog.getByText('No tokens yet.')).toBeVisible();
  const add = dialog.getByRole('button', { name: 'New API token' });
  await add.click();
  const making = page.getByRole('dialog', { name: 'New API token' });
  const name = making.getByRole('textbox', { name: 'Name' });
  await expect(name).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(name).toHaveAccessibleDescription('What is it for?');
  await name.fill('x'.repeat(65));
  await page.keyboard.press('Enter');
  await expect(name).toHaveAccessibleDescription(/64/);
  await name.fill('Deploys');
  await making.getByRole('radio', { name: 'In 30 days' }).check({ force: true });
  await making.getByRole('button', { name: 'Make token' }).click();
  const copy = making.getByRole('button', { name: 'Copy' });
  await expect(copy).toBeFocused();
  await expect(copy).toHaveAccessibleDescription(/only this once.* aldis_[\w-]{43}$/);
  await copy.click();
  await expect(making.getByRole('status')).toHaveText('Copied.');
  const token = await page.evaluate(() => navigator.clipboard.readText());
  await expect(making.locator('code')).toHaveText(token);
  await making.getByRole('button', { name: 'Done' }).click();
  await expect(add).toBeFocused();
  await expect(page.getByText(token)).toHaveCount(0);

  const line = dialog.getByRole('listitem').filter({ hasText: 'Deploys' });
  await expect(line).toContainText(/Made today · never used · expires \w/);
  const use = () =>
    page.evaluate(
      async (token) =>
        (await fetch('/api/users/me', { headers: { authorization: `Bearer ${token}` } })).status,
      token,
    );
  expect(await use()).toBe(200);
  // Another section and back.
  await dialog.getByRole('button', { name: 'Security' }).click();
  await dialog.getByRole('button', { name: 'API tokens' }).click();
  await expect(line).toContainText('last used today');

  await line.getByRole('button', { name: 'End Deploys' }).click();
  const asked = page.getByRole('dialog', { name: 'End this API token?' });
  await expect(asked).toContainText('Deploys');
  await asked.getByRole('button', { name: 'End', exact: true }).click();
  await expect(dialog.getByText('No tokens yet.')).toBeVisible();
  await expect(add).toBeFocused();
  expect(await use()).toBe(401);
  expect(await aldis.call('GET', '/auth/tokens', undefined, ann.token)).toEqual([]);
  await page.context().close();
});

test('who has as many API tokens as there may be is told so', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  await Promise.all(
    Array.from({ length: 50 }, () => aldis.call('POST', '/auth/tokens', { name: 'bot' }, ann.token)),
  );
  const page = await browserOf(browser, aldis, ann);
  await page.goto('/');
  const dialog = await settings(page, 'API tokens');
  await expect(dialog.getByRole('listitem')).toHaveCount(50);
  await dialog.getByRole('button', { name: 'New API token' }).click();
  const making = page.getByRole('dialog', { name: 'New API token' });
  await making.getByRole('textbox', { name: 'Name' }).fill('one more');
  await page.keyboard.press('Enter');
  await expect(making.getByRole('alert')).toContainText('at most 50');
  await page.context().close();
});

test('who logs out in one tab is logged out in all, and nothing stays', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const first = new Messenger(await browserOf(browser, aldis, ann));
  const second = new Messenger(await first.page.context().newPage());
  await first.open(bob.username);
  await first.send('Hello');
  await second.open(bob.username);
  await expect(second.message('Hello')).toBeVisible();
  await second.composer.fill('A draft');
  await first.page.getByRole('button', { name: 'Account of Ann' }).click();
  await first.page.getByRole('button', { name: 'Log out' }).click();
  for (const { page } of [first, second])
    await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  const left = () =>
    second.page.evaluate(async () => [
      ...(await indexedDB.databases()).map(({ name }) => name),
      ...(await caches.keys()).filter((name) => name.startsWith('aldis:')),
      ...Object.keys(localStorage),
    ]);
  await expect.poll(left).toEqual([]);
  await first.page.context().close();
});

test('without a network the settings say so, and try again', async ({ browser }) => {
  const aldis = await Aldis.start();
  const ann = await aldis.person('ann', 'Ann');
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { baseURL: gate.url });
  await page.goto('/');
  // The part is here; what it asks for is not.
  await (await settings(page, 'Profile')).press('Escape');
  await page.route(/\/(auth|api)\//, (route) => route.abort());
  const dialog = await settings(page, 'Security');
  await expect(dialog.getByRole('alert')).toContainText('cannot be reached');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'API tokens' }).click();
  await expect(dialog.getByRole('alert')).toContainText('cannot be reached');
  await expect(dialog.getByRole('button', { name: 'Try again' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Profile' }).click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Somebody');
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('cannot be reached')).toBeVisible();
  await page.unroute(/\/(auth|api)\//);
  await dialog.getByRole('button', { name: 'Security' }).click();
  await expect(dialog.getByText('This device')).toBeVisible();
  await page.context().close();
  gate.end();
  await aldis.end();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in the settings, ${colorScheme}`, async ({ aldis, browser }) => {
    const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
    await aldis.call('PUT', `/api/blocks/${bob.username}`, undefined, ann.token);
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    await page.goto('/');
    for (const section of SECTIONS) {
      const dialog = await settings(page, section);
      await expect(dialog.getByText('Loading')).toHaveCount(0);
      expect(await violations(page), section).toEqual([]);
      if (section !== 'API tokens') continue;
      await dialog.getByRole('button', { name: 'New API token' }).click();
      const making = page.getByRole('dialog', { name: 'New API token' });
      expect(await violations(page), 'a new token').toEqual([]);
      await making.getByRole('textbox', { name: 'Name' }).fill('Deploys');
      await page.keyboard.press('Enter');
      await expect(making.getByText('only this once')).toBeVisible();
      expect(await violations(page), 'its secret').toEqual([]);
      await making.getByRole('button', { name: 'Done' }).click();
    }
    await page.context().close();
  });
}

test('on a phone the settings fill the screen, a section at a time, at any size of text', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'A'.repeat(64)), await aldis.person('bob', 'Bob')];
  await aldis.call('PUT', `/api/blocks/${bob.username}`, undefined, ann.token);
  const page = await browserOf(browser, aldis, ann, PHONE);
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  for (const size of ['Usual', 'Larger']) {
    await page.goto('/?open=settings');
    for (const section of ['Appearance', ...SECTIONS]) {
      await dialog.getByRole('button', { name: section, exact: true }).tap();
      await expect(dialog.getByRole('heading', { name: section })).toBeFocused();
      if (section === 'Appearance')
        await dialog.getByRole('radio', { name: size, exact: true }).check({ force: true });
      await expect(dialog.getByText('Loading')).toHaveCount(0);
      expect(await dialog.boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 640 });
      await fits(page, `${section}, ${size}`);
      if (section === 'API tokens') {
        await dialog.getByRole('button', { name: 'New API token' }).tap();
        await page.getByRole('textbox', { name: 'Name' }).fill(size);
        await fits(page, `a new token, ${size}`);
        await page.keyboard.press('Enter');
        await expect(page.getByText('only this once')).toBeVisible();
        await fits(page, `its secret, ${size}`);
        await page.getByRole('button', { name: 'Done' }).tap();
        await fits(page, `a list of tokens, ${size}`);
      }
      await dialog.getByRole('button', { name: 'Back to all settings' }).tap();
      await expect(dialog.getByRole('button', { name: section, exact: true })).toBeFocused();
    }
    await fits(page, `all settings, ${size}`);
    await dialog.getByRole('button', { name: 'Close' }).tap();
    await fits(page, `the list, ${size}`);
  }
  await page.context().close();
});
