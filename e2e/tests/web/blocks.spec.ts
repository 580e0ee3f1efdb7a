import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test, violations } from '../../support/web.ts';

test('somebody is blocked and let in again from the details of the conversation', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await messenger.open(bob.username);
  await expect(messenger.message('Hello')).toBeVisible();
  await page.getByRole('button', { name: 'Details' }).click();
  await messenger.details.getByRole('button', { name: 'Block' }).click();
  await page.getByRole('dialog', { name: 'Block Bob?' }).getByRole('button', { name: 'Block' }).click();
  await expect(messenger.details.getByText('You have blocked Bob.')).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  // One cannot write to somebody whose answers would not come, and the list says so.
  await expect(messenger.composer).toHaveCount(0);
  await expect(messenger.conversation('Bob')).toContainText('blocked');
  await say(socket, { receiver: ann.username, text: 'Unheard' });

  // It is so after a reload, too; then Bob is let in again.
  await page.reload();
  await expect(messenger.message('Hello')).toBeVisible();
  await expect(page.getByText('You have blocked Bob.')).toBeVisible();
  await page.getByRole('button', { name: 'Unblock' }).click();
  await expect(page.getByText('You have blocked Bob.')).toHaveCount(0);
  await expect(messenger.composer).toBeVisible();
  await expect(messenger.conversation('Bob')).not.toContainText('blocked');
  await say(socket, { receiver: ann.username, text: 'Heard' });
  await expect(messenger.message('Heard')).toBeVisible();
  await expect(messenger.message('Unheard')).toHaveCount(0);
  socket.close();
  await page.context().close();
});
