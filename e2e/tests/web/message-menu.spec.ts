import { say } from '../../support/aldis.ts';
import { picture } from '../../support/files.ts';
import { browserOf, expect, Messenger, test, violations } from '../../support/web.ts';

test('a picture of somebody else is copied and saved from the menu of its message', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = new Messenger(await browserOf(browser, aldis, bob));
  await his.open(ann.username);
  const chooser = his.page.waitForEvent('filechooser');
  await his.page.getByRole('button', { name: 'Attach files' }).click();
  await (await chooser).setFiles(picture('deck.png', 60, 40));
  await his.send('The deck');
  const hers = new Messenger(
    await browserOf(browser, aldis, ann, { permissions: ['clipboard-read', 'clipboard-write'] }),
  );
  await hers.open(bob.username);
  await expect(hers.message('The deck').locator('img')).toBeVisible();
  await hers.choose('The deck', 'Copy image');
  const copied = () =>
    hers.page.evaluate(async () => {
      const [item] = await navigator.clipboard.read();
      if (!item?.types.includes('image/png')) return null;
      const { width, height } = await createImageBitmap(await item.getType('image/png'));
      return [width, height];
    });
  await expect.poll(copied).toEqual([60, 40]);
  const saved = hers.page.waitForEvent('download');
  await hers.choose('The deck', 'Save file');
  expect((await saved).suggestedFilename()).toBe('deck.png');

  // What does not arrive is said.
  await hers.page.route(/\/api\/attachments\//, (route) => route.abort());
  await hers.choose('The deck', 'Save file');
  await expect(hers.page.getByRole('dialog', { name: 'That did not work' })).toBeVisible();
  expect(await violations(hers.page)).toEqual([]);
  await hers.page.keyboard.press('Escape');

  // With Shift it is the browser's own menu.
  await hers.message('The deck').click({ button: 'right', modifiers: ['Shift'] });
  await expect(hers.page.getByRole('menu')).toHaveCount(0);
  await hers.message('The deck').click({ button: 'right' });
  await expect(hers.page.getByRole('menu', { name: 'Message actions' })).toBeVisible();
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('a message goes to several conversations at once', async ({ aldis, browser }) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('Bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
  await say(his, { receiver: ann.username, text: 'We sail' });
  await say(hers, { receiver: ann.username, text: 'Hello' });
  await aldis.group('Crew', [ann, bob]);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await messenger.open(bob.username);
  await messenger.choose('We sail', 'Forward');
  const field = page.getByRole('combobox', { name: 'Name or username' });
  await field.fill('cat');
  await field.press('Enter');
  await field.fill('crew');
  await page.getByRole('option', { name: /Crew/ }).click();
  await expect(page.getByRole('option', { name: /Crew/ })).toHaveAttribute('aria-selected', 'true');
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Forward to 2' }).click();
  await expect(messenger.conversation('Crew')).toContainText('We sail');
  await expect(messenger.conversation('Cat')).toContainText('We sail');
  // One stays where one was.
  await expect(messenger.message('We sail')).toBeVisible();
  for (const socket of [his, hers]) socket.close();
  await page.context().close();
});

test('what is said in a group is answered privately, and deleted by who leads it', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('Bob', 'Bob')];
  const crew = await aldis.group('Crew', [ann, bob]);
  const his = await aldis.connect(bob);
  await say(his, { conversationId: crew.id, text: 'Who has the key?' });
  await say(his, { conversationId: crew.id, text: 'Anybody?' });
  const [hers, watching] = [
    new Messenger(await browserOf(browser, aldis, ann)),
    new Messenger(await browserOf(browser, aldis, bob)),
  ];
  await hers.openGroup(crew);
  await watching.openGroup(crew);
  const hersToo = await aldis.connect(ann);
  await say(hersToo, { conversationId: crew.id, text: 'Not me' });

  // A member may not delete what others wrote; the owner may.
  await watching.message('Not me').click({ button: 'right' });
  await expect(watching.page.getByRole('menuitem', { name: 'Copy text' })).toBeVisible();
  await expect(watching.page.getByRole('menuitem', { name: 'Delete' })).toHaveCount(0);
  await watching.page.keyboard.press('Escape');
  await hers.choose('Anybody?', 'Delete');
  await hers.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const messenger of [hers, watching])
    await expect(messenger.page.getByText('This message was deleted')).toBeVisible();

  await hers.choose('Who has the key?', 'Reply privately');
  await expect(hers.page).toHaveURL(`/@${bob.username}`);
  await expect(hers.composer).toHaveValue('> Who has the key?\n');
  for (const socket of [his, hersToo]) socket.close();
  await Promise.all([hers.page.context().close(), watching.page.context().close()]);
});

test('the picture of a group is chosen and removed in its details by who leads it', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const crew = await aldis.group('Crew', [ann, bob]);
  const [hers, his] = [
    new Messenger(await browserOf(browser, aldis, ann)),
    new Messenger(await browserOf(browser, aldis, bob)),
  ];
  for (const messenger of [hers, his]) {
    await messenger.openGroup(crew);
    await messenger.page.getByRole('button', { name: 'Details' }).click();
  }
  await expect(his.details.getByText('2 members')).toBeVisible();
  await expect(his.details.getByRole('button', { name: 'Add a picture' })).toHaveCount(0);
  const chooser = hers.page.waitForEvent('filechooser');
  await hers.details.getByRole('button', { name: 'Add a picture' }).click();
  await (await chooser).setFiles(picture('crew.png', 80, 60));
  await expect(hers.details.locator('.details-who img')).toBeVisible();
  await expect(his.details.locator('.details-who img')).toBeVisible();
  await expect(his.conversation('Crew').locator('img')).toBeVisible();
  expect(await violations(hers.page)).toEqual([]);
  await hers.details.getByRole('button', { name: 'Remove picture' }).click();
  await expect(hers.details.locator('.details-who img')).toHaveCount(0);
  await expect(his.conversation('Crew').locator('img')).toHaveCount(0);
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('several messages are selected, and forwarded and deleted together', async ({ aldis, browser }) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
  await say(hers, { receiver: ann.username, text: 'Hello' });
  const crew = await aldis.group('Crew', [ann, bob]);
  for (const text of ['One', 'See https://example.org', 'Three'])
    await say(his, { conversationId: crew.id, text });
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await messenger.openGroup(crew);
  await messenger.choose('Three', 'Select');
  const bar = page.getByRole('toolbar', { name: 'Selected messages' });
  await expect(bar).toContainText('1 selected');
  await expect(messenger.composer).toHaveCount(0);
  // A press on a link selects, and goes nowhere; by the keyboard it is the same.
  await messenger.messages.filter({ hasText: 'See' }).getByRole('link').click();
  await expect(bar).toContainText('2 selected');
  await messenger.message('Three').focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(messenger.message('One')).toBeFocused();
  await page.keyboard.press('Space');
  await expect(bar).toContainText('3 selected');
  expect(await violations(page)).toEqual([]);
  await messenger.message('One').click();
  await expect(bar).toContainText('2 selected');
  await bar.getByRole('button', { name: 'Forward' }).click();
  await page.getByRole('option', { name: /Cat/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forward' }).click();
  await expect(messenger.conversation('Cat')).toContainText('Three');
  await expect(messenger.composer).toBeVisible();

  await messenger.choose('One', 'Select');
  await messenger.message('Three').click();
  await bar.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('This message was deleted')).toHaveCount(2);
  await expect(bar).toHaveCount(0);
  await messenger.choose('See https://example.org', 'Select');
  await page.keyboard.press('Escape');
  await expect(messenger.composer).toBeVisible();
  for (const socket of [his, hers]) socket.close();
  await page.context().close();
});

test('a text is copied where the page has no clipboard, as without https', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = await aldis.connect(bob);
  for (const text of ['The key is 4711', 'And the door 12']) await say(his, { receiver: ann.username, text });
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = hers;
  await page.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'clipboard'));
  await hers.open(bob.username);
  const pasted = async () => {
    await hers.composer.fill('');
    await hers.composer.press('Control+v');
    return hers.composer.inputValue();
  };
  await hers.choose('The key is 4711', 'Copy text');
  await expect(page.getByRole('menu')).toHaveCount(0);
  expect(await pasted()).toBe('The key is 4711');
  await hers.composer.fill('');
  await hers.choose('The key is 4711', 'Select');
  await hers.message('And the door 12').click();
  await expect(page.getByRole('group', { name: 'Message actions' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByText('2 selected')).toHaveCount(0);
  expect(await pasted()).toBe('The key is 4711\n\nAnd the door 12');

  // What is not copied is said, and stays selected.
  await page.evaluate(() => (document.execCommand = () => false));
  await hers.composer.fill('');
  await hers.choose('The key is 4711', 'Copy text');
  await expect(page.getByRole('dialog', { name: 'That did not work' })).toContainText(
    'does not let Aldis copy',
  );
  await page.keyboard.press('Escape');
  await hers.choose('The key is 4711', 'Select');
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('alert')).toContainText('does not let Aldis copy');
  await expect(page.getByText('1 selected')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByText('1 selected')).toHaveCount(0);
  his.close();
  await page.context().close();
});

test('the menu is within the narrowest window', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = await aldis.connect(bob);
  await say(his, { receiver: ann.username, text: 'Hello' });
  his.close();
  const page = await browserOf(browser, aldis, ann, { viewport: { width: 320, height: 480 } });
  const hers = new Messenger(page);
  await hers.open(bob.username);
  await hers.message('Hello').click({ button: 'right' });
  const { x, width } = (await page.locator('dialog.menu').boundingBox())!;
  expect(x).toBeGreaterThanOrEqual(0);
  expect(x + width).toBeLessThanOrEqual(320);
  await page.context().close();
});
