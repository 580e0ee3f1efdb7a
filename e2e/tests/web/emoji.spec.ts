import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

test('emoji are found by a word, taken by mouse and keyboard where the caret is, and remembered', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await messenger.open(bob.username);
  await messenger.composer.fill('To sea and back');
  await messenger.composer.evaluate((field: HTMLTextAreaElement) => field.setSelectionRange(6, 6));
  const panel = page.getByRole('dialog', { name: 'Emoji' });
  const search = panel.getByRole('searchbox', { name: 'Find an emoji' });
  await page.getByRole('button', { name: 'Emoji', exact: true }).click();
  await expect(search).toBeFocused();
  await panel.getByRole('button', { name: 'Travel and places' }).click();
  await panel.getByRole('button', { name: 'sailboat' }).click();
  await expect(messenger.composer).toHaveValue('To sea⛵ and back');
  // It stays for another, which the keyboard takes.
  await search.fill('anch');
  await search.press('Enter');
  await expect(messenger.composer).toHaveValue('To sea⛵⚓ and back');
  expect(await violations(page)).toEqual([]);
  // Esc takes back the search, and then the panel.
  await search.press('Escape');
  await expect(panel.getByRole('button', { name: 'sailboat' })).toBeVisible();
  await search.press('Escape');
  await expect(panel).toBeHidden();
  await expect(messenger.composer).toBeFocused();
  await messenger.composer.press('Enter');
  await expect(messenger.message('To sea⛵⚓ and back')).toBeVisible();

  await page.getByRole('button', { name: 'Emoji', exact: true }).click();
  const recent = panel.getByRole('group', { name: 'Recent' }).getByRole('button');
  await expect(recent).toHaveText(['⚓', '⛵']);
  // Down into them, along, and back up.
  await search.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect(recent.nth(1)).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(search).toBeFocused();
  await search.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(messenger.composer).toHaveValue('⚓');
  await messenger.page.mouse.click(5, 300);
  await expect(panel).toBeHidden();
  await page.context().close();
});

test('on a phone there is no button for what its keyboard has, and all of them to react with', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  const { page } = messenger;
  await messenger.open(bob.username);
  await messenger.composer.fill('Look');
  await page.getByRole('button', { name: 'Send' }).tap();
  await expect(messenger.tick('Look', 'Sent')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Emoji', exact: true })).toBeHidden();
  await messenger.choose('Look', 'React with another emoji');
  await expect(page.getByRole('button', { name: 'grinning face', exact: true })).toBeVisible();
  await fits(page, 'the emoji');
  // A sheet from below, over the whole width: one row of groups, whole rows of emoji, and nothing empty.
  const sheet = page.getByRole('dialog', { name: 'React' });
  const { x, y, width, height } = (await sheet.boundingBox())!;
  expect([x, width, Math.round(y + height)]).toEqual([0, 360, 640]);
  const groups = sheet.getByRole('group', { name: 'Groups' }).getByRole('button');
  const tops = await groups.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  expect(tops.length).toBe(9);
  expect(new Set(tops).size).toBe(1);
  const grid = (await sheet.getByRole('group', { name: 'Smileys' }).boundingBox())!;
  expect(y + height - grid.y - grid.height).toBeLessThan(20);
  expect(grid.height % 44).toBeLessThan(1);
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'grinning face', exact: true }).tap();
  await expect(messenger.message('Look').getByRole('button', { name: '😀 1 by You' })).toBeVisible();
  await page.context().close();
});

test('another emoji to react with is chosen at the message, in one’s skin tone, which is remembered', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await messenger.open(bob.username);
  await messenger.send('Look');
  await expect(messenger.tick('Look', 'Sent')).toBeVisible();
  await messenger.choose('Look', 'React with another emoji');
  const panel = page.getByRole('dialog', { name: 'React' });
  const search = panel.getByRole('searchbox', { name: 'Find an emoji' });
  await expect(search).toBeFocused();
  // The page behind it is as it was.
  await expect(page.locator('dialog:modal')).toHaveCount(0);
  const [shown, message] = [(await panel.boundingBox())!, (await messenger.last.boundingBox())!];
  expect(shown.x).toBeLessThan(message.x + message.width);
  expect(shown.x + shown.width).toBeGreaterThan(message.x);
  expect(shown.y + shown.height).toBeLessThanOrEqual(900);
  expect(await violations(page)).toEqual([]);

  await panel.getByRole('button', { name: 'Skin tone: default' }).click();
  await panel.getByRole('button', { name: 'Skin tone: light' }).click();
  await search.fill('waving');
  await search.press('Enter');
  await expect(panel).toBeHidden();
  await expect(messenger.last.getByRole('button', { name: '👋🏼 1 by You' })).toBeVisible();

  await page.reload();
  await messenger.choose('Look', 'React with another emoji');
  await expect(panel.getByRole('button', { name: 'Skin tone: medium-light' })).toBeVisible();
  await expect(panel.getByRole('group', { name: 'Recent' }).getByRole('button')).toHaveText(['👋🏼']);
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  await expect(page).toHaveURL(new RegExp(`@${bob.username}`, 'i'));
  await page.context().close();
});

test('an emoji is suggested while its name is typed', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  const { keyboard } = page;
  await messenger.open(bob.username);
  const list = page.getByRole('listbox', { name: 'Emoji' });
  await keyboard.type('To sea :sailb');
  await expect(list.getByRole('option', { name: 'sailboat' })).toHaveAttribute('aria-selected', 'true');
  expect(await violations(page)).toEqual([]);
  await keyboard.press('Enter');
  await expect(messenger.composer).toHaveValue('To sea ⛵');
  await expect(list).toHaveCount(0);
  await keyboard.type(' at 10:30 :anch');
  await list.getByRole('option', { name: 'anchor' }).click();
  await expect(messenger.composer).toHaveValue('To sea ⛵ at 10:30 ⚓');
  await expect(messenger.composer).toBeFocused();
  await keyboard.press('Enter');
  await expect(messenger.message('To sea ⛵ at 10:30 ⚓')).toBeVisible();
  await page.context().close();
});
