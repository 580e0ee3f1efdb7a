import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test, violations } from '../../support/web.ts';

test('28. what is typed anywhere goes into the field; Esc leaves step by step; Alt and an arrow go to the next conversation', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [his, hers] = await Promise.all([aldis.connect(bob), aldis.connect(cat)]);
  for (let index = 1; index <= 40; index++)
    await say(his, { receiver: ann.username, text: `Line ${index}. ${'It turns. '.repeat(12)}` });
  await say(hers, { receiver: ann.username, text: 'Hello' });
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await expect(messenger.last).toContainText('Line 40.');

  // A press on a message takes the focus; what is typed then is a text all the same.
  await messenger.last.click();
  await page.keyboard.type('every word');
  await expect(messenger.composer).toHaveValue('every word');
  await messenger.composer.fill('');

  // Esc: first the answer, then the end, then the list.
  await messenger.choose('Line 40. ' + 'It turns. '.repeat(12).trim(), 'Reply');
  const reply = page.getByText('Reply to Bob');
  await expect(reply).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(reply).toBeHidden();
  await page.mouse.move(800, 400);
  await page.mouse.wheel(0, -1_000);
  const jump = page.getByRole('button', { name: 'To the newest message' });
  await expect(jump).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(jump).toBeHidden();
  await expect(messenger.composer).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(messenger.composer).toBeHidden();

  // Cat wrote last, so stands above Bob.
  await page.keyboard.press('Alt+ArrowDown');
  await expect(page).toHaveURL(new RegExp(`@${cat.username}$`));
  await page.keyboard.press('Alt+ArrowDown');
  await expect(page).toHaveURL(new RegExp(`@${bob.username}$`));
  await page.keyboard.press('Alt+ArrowUp');
  await expect(page).toHaveURL(new RegExp(`@${cat.username}$`));
  his.close();
  hers.close();
  await page.context().close();
});

test('47. Enter sends, or Ctrl+Enter does; the keys are listed behind “?”', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  socket.close();
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await messenger.composer.fill('By Ctrl+Enter');
  await messenger.composer.press('Control+Enter');
  await expect(messenger.message('By Ctrl+Enter')).toBeVisible();

  // The key that confirms a conversion, as Safari tells it.
  await messenger.composer.fill('変換');
  await messenger.composer.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true });
  await expect(messenger.composer).toHaveValue('変換');

  await page.keyboard.press('Control+,');
  await page.getByRole('button', { name: 'Appearance' }).click();
  await page.getByText('Ctrl+Enter', { exact: true }).click();
  await page.keyboard.press('Escape');
  await messenger.composer.fill('First');
  await messenger.composer.press('Enter');
  await messenger.composer.pressSequentially('Second');
  await expect(messenger.composer).toHaveValue('First\nSecond');
  await messenger.composer.press('Control+Enter');
  await expect(messenger.last).toContainText('First');
  await expect(messenger.composer).toHaveValue('');

  // In the field it is a question mark; elsewhere it lists the keys.
  await messenger.composer.press('?');
  await expect(messenger.composer).toHaveValue('?');
  await messenger.last.click();
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await expect(keys.getByText('Search people, groups and messages')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(keys).toBeHidden();
  await expect(messenger.composer).toBeVisible();
  await page.context().close();
});
