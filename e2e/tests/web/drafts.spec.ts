import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('21. a draft per conversation survives switching and reload, stands in the list, and is gone once sent', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  for (const other of [bob, cat]) {
    const socket = await aldis.connect(other);
    await say(socket, { receiver: ann.username, text: `Hello from ${other.username}` });
    socket.close();
  }
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await messenger.composer.fill('half a thought');
  // Not in the way of the conversation one is in.
  await expect(messenger.conversation('Bob')).not.toContainText('Draft:');

  await messenger.conversation('Cat').click();
  await expect(messenger.composer).toHaveValue('');
  await expect(messenger.conversation('Bob')).toContainText('Draft: half a thought');
  await messenger.composer.fill('another\nthought');

  await page.reload();
  await expect(messenger.composer).toHaveValue('another\nthought');
  await page.goto('/');
  await expect(messenger.conversation('Bob')).toContainText('Draft: half a thought');
  await expect(messenger.conversation('Cat')).toContainText('Draft: another thought');

  // Another tab knows them, too.
  const other = new Messenger(await page.context().newPage());
  await other.open(bob.username);
  await expect(other.composer).toHaveValue('half a thought');
  await other.composer.press('Enter');
  await expect(other.tick('half a thought', 'Sent')).toBeVisible();
  await expect(messenger.conversation('Bob')).not.toContainText('Draft:');
  await messenger.conversation('Bob').click();
  await expect(messenger.message('half a thought')).toBeVisible();
  await expect(messenger.composer).toHaveValue('');

  // Editing an earlier message does not cost the draft.
  await messenger.composer.fill('later');
  await messenger.choose('half a thought', 'Edit');
  await expect(messenger.composer).toHaveValue('half a thought');
  await expect(messenger.composer).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(messenger.composer).toHaveValue('later');

  // Who logs out leaves nothing behind.
  await page.getByRole('button', { name: 'Account of Ann' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByText('You are logged out')).toBeVisible();
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  await page.context().close();
});
