import type { Page } from '@playwright/test';

import { Aldis, say } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

const SECTIONS = ['Profile', 'Appearance', 'Notifications', 'Privacy', 'Devices', 'About'];

/** Opens a section of the settings, as from the keyboard. */
async function settings(page: Page, section: string) {
  await page.getByRole('button', { name: /^Account of/ }).waitFor();
  await page.keyboard.press('Control+,');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('button', { name: section, exact: true }).click();
  await expect(dialog.getByRole('heading', { name: section })).toBeVisible();
  return dialog;
}

test('the settings open from the menu and by a key, close with Esc, and give the focus back', async ({ aldis, browser }) => {
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
  const look = (one: Page) => one.evaluate(() => [getComputedStyle(document.body).colorScheme, getComputedStyle(document.documentElement).fontSize].join(' '));
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
  const hide = dialog.getByRole('switch', { name: 'Hide when I am here' });
  await expect(hide).toHaveAttribute('aria-checked', 'false');
  await hide.click();
  await expect(hide).toHaveAttribute('aria-checked', 'true');
  expect(await aldis.call('GET', '/api/users/me', undefined, ann.token)).toMatchObject({ hidePresence: true });

  await dialog.getByRole('button', { name: `Unblock ${bob.username}` }).click();
  await expect(dialog.getByText('Nobody. You block')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('You have blocked Bob.')).toHaveCount(0);
  expect((await aldis.call<{ items: unknown[] }>('GET', '/api/blocks', undefined, ann.token)).items).toEqual([]);
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
  const dialog = await settings(page, 'Devices');
  const lines = dialog.getByRole('listitem');
  await expect(lines.first()).toContainText('This device');
  await expect(lines.first().getByRole('button')).toHaveCount(0);
  const before = await lines.count();
  await dialog.getByRole('button', { name: 'Log out A phone' }).click();
  await expect(lines).toHaveCount(before - 1);
  await expect(lines.filter({ hasText: 'A phone' })).toHaveCount(0);
  await expect(lines.filter({ hasText: 'A tablet' })).toBeVisible();

  await dialog.getByRole('button', { name: 'Log out all other devices' }).click();
  await page.getByRole('dialog', { name: 'Log out all other devices?' }).getByRole('button', { name: 'Log out' }).click();
  await expect(lines).toHaveCount(1);
  await expect(other.getByText('Your session has ended')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Account of Ann' })).toBeVisible();
  for (const one of [page, other]) await one.context().close();
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
  for (const { page } of [first, second]) await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  const left = () => second.page.evaluate(async () => [...(await indexedDB.databases()).map(({ name }) => name), ...Object.keys(localStorage)]);
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
  const dialog = await settings(page, 'Devices');
  await expect(dialog.getByRole('alert')).toContainText('cannot be reached');
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole('button', { name: 'Profile' }).click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Somebody');
  await page.keyboard.press('Enter');
  await expect(dialog.getByText('cannot be reached')).toBeVisible();
  await page.unroute(/\/(auth|api)\//);
  await dialog.getByRole('button', { name: 'Devices' }).click();
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
    }
    await page.context().close();
  });
}

test('on a phone the settings fill the screen, a section at a time, at any size of text', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'A'.repeat(64)), await aldis.person('bob', 'Bob')];
  await aldis.call('PUT', `/api/blocks/${bob.username}`, undefined, ann.token);
  const page = await browserOf(browser, aldis, ann, PHONE);
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  for (const size of ['Usual', 'Larger']) {
    await page.goto('/?open=settings');
    for (const section of ['Appearance', ...SECTIONS]) {
      await dialog.getByRole('button', { name: section, exact: true }).tap();
      await expect(dialog.getByRole('heading', { name: section })).toBeFocused();
      if (section === 'Appearance') await dialog.getByRole('radio', { name: size, exact: true }).check({ force: true });
      await expect(dialog.getByText('Loading')).toHaveCount(0);
      expect(await dialog.boundingBox()).toEqual({ x: 0, y: 0, width: 360, height: 640 });
      await fits(page, `${section}, ${size}`);
      await dialog.getByRole('button', { name: 'Back to all settings' }).tap();
      await expect(dialog.getByRole('button', { name: section, exact: true })).toBeFocused();
    }
    await fits(page, `all settings, ${size}`);
    await dialog.getByRole('button', { name: 'Close' }).tap();
    await fits(page, `the list, ${size}`);
  }
  await page.context().close();
});
