import { Aldis, PASSWORD } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, register, test, violations } from '../../support/web.ts';

test('43. a newcomer finds people by name, begins a group with them, and shares an address', async ({
  browser,
}) => {
  const aldis = await Aldis.start();
  const tomas = await aldis.person('tomas', 'Tomás Reyes');
  await aldis.person('dalia', 'Dalia');
  const context = await browser.newContext({ baseURL: aldis.url, serviceWorkers: 'block' });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], {
    origin: new URL(aldis.url).origin,
  });
  const ann = new Messenger(await context.newPage());
  const { page } = ann;
  await register(page, 'Ann', 'Ann');
  expect(await violations(page)).toEqual([]);

  // What one's address is; whoever has no account yet comes to it by way of registering.
  await page.getByRole('button', { name: 'Share my address' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  const address = await page.evaluate(() => navigator.clipboard.readText());
  expect(address).toBe(`${aldis.url}/@Ann`);

  // By the first letters of a name, in any case; the arrow keys lead to the one who was found.
  await page.getByRole('button', { name: 'Find people' }).click();
  const dialog = page.getByRole('dialog', { name: 'New conversation' });
  await dialog.getByRole('textbox', { name: 'Name or username' }).fill('TOMÁS r');
  const found = dialog.getByRole('button', { name: 'Tomás Reyes' });
  await expect(found).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('ArrowDown');
  await expect(found).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(`${aldis.url}/@${tomas.username}`);
  await ann.send('Hello Tomás');
  await expect(ann.tick('Hello Tomás', 'Sent')).toBeVisible();

  // Nobody; and without a connection those who are known.
  await ann.begin('Message');
  const name = dialog.getByRole('textbox', { name: 'Name or username' });
  await name.fill('zz');
  await expect(dialog.getByText('Nobody found whose name begins so.')).toBeVisible();
  await context.setOffline(true);
  await name.fill('tomas');
  await expect(dialog.getByText('No connection: only people you know are shown.')).toBeVisible();
  await expect(found).toBeVisible();
  await context.setOffline(false);
  await page.keyboard.press('Escape');

  // Somebody unknown is found for a group, too.
  await ann.begin('Group');
  const group = page.getByRole('dialog', { name: 'New group' });
  await group.getByRole('textbox', { name: 'Group name' }).fill('Crew');
  await group.getByRole('combobox', { name: 'Members' }).fill('dal');
  await group.getByRole('option', { name: 'Dalia' }).click();
  await expect(group.getByRole('button', { name: 'Remove Dalia' })).toBeVisible();
  await context.close();

  // The address in the hands of somebody who has an account, and of somebody who has none.
  for (const newcomer of [false, true]) {
    const other = await browser.newContext({ baseURL: aldis.url, serviceWorkers: 'block' });
    const guest = await other.newPage();
    await guest.goto(address);
    if (newcomer) {
      await guest.getByRole('link', { name: 'Create an account' }).click();
      await guest.getByLabel('Name (optional)').waitFor();
      await guest.getByLabel('Username').fill('Newcomer');
      await guest.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await guest.getByRole('button', { name: 'Create account' }).click();
      await guest.getByLabel('Six-digit code').fill('123456');
    } else {
      await guest.getByLabel('Username').fill(tomas.username);
      await guest.getByLabel('Password', { exact: true }).fill(PASSWORD);
      await guest.getByRole('button', { name: 'Log in' }).click();
    }
    await expect(guest.getByRole('textbox', { name: 'Message to Ann' })).toBeVisible();
    await expect(guest).toHaveURL(address);
    await other.close();
  }
  await aldis.end();
});

test('people are found on a phone', async ({ aldis, browser }) => {
  const [ann, eve] = [await aldis.person('ann', 'Ann'), await aldis.person('eve', 'Evelyn Found')];
  const { page } = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  await page.goto('/');
  await page.getByRole('button', { name: 'Find people' }).waitFor();
  await fits(page, 'a newcomer');
  await page.getByRole('button', { name: 'Find people' }).tap();
  await page.getByRole('textbox', { name: 'Name or username' }).fill('evelyn');
  await page.getByRole('button', { name: 'Evelyn Found' }).waitFor();
  await fits(page, 'who was found');
  await page.getByRole('button', { name: 'Evelyn Found' }).tap();
  await expect(page).toHaveURL(`${aldis.url}/@${eve.username}`);
  await page.context().close();
});
