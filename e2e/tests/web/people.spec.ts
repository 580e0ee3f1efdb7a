import { Aldis, PASSWORD, say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, register, test } from '../../support/web.ts';

test('31. Ann and Bob register as the form invites them to, and talk both ways', async ({ browser }) => {
  const aldis = await Aldis.start();
  const [hers, his] = await Promise.all([
    browser.newContext({ baseURL: aldis.url }),
    browser.newContext({ baseURL: aldis.url }),
  ]);
  const [ann, bob] = [new Messenger(await hers.newPage()), new Messenger(await his.newPage())];
  await register(ann.page, 'Ann', 'Ann');
  await register(bob.page, 'Bob', 'Bob');

  // Ann finds Bob in whatever case; the address is in his own.
  await ann.begin('Message');
  await ann.page.getByRole('textbox', { name: 'Username' }).fill('@bOB');
  await ann.page.getByRole('button', { name: 'Start conversation' }).click();
  await expect(ann.page).toHaveURL(`${aldis.url}/@Bob`);
  await ann.send('Hello Bob');
  await expect(ann.tick('Hello Bob', 'Delivered')).toBeVisible();
  await expect(ann.messages).toHaveCount(1);

  // Bob sees that it is unread, then that it is read; so does Ann. He answers; she sees him type it.
  await expect(bob.conversation('Ann').getByText('1 unread')).toBeVisible();
  await bob.conversation('Ann').click();
  await expect(bob.page).toHaveURL(`${aldis.url}/@Ann`);
  await expect(bob.message('Hello Bob')).toBeVisible();
  await expect(bob.conversation('Ann').getByText('unread')).toBeHidden();
  await expect(ann.tick('Hello Bob', 'Read')).toBeVisible();
  await bob.composer.pressSequentially('He');
  await expect(ann.page.locator('.chat-note')).toHaveText('typing…');
  await expect(ann.conversation('Bob')).toContainText('typing…');
  await bob.send('Hello Ann');
  await expect(ann.message('Hello Ann')).toBeVisible();
  await expect(ann.page.locator('.chat-note')).toHaveText('@Bob · online');
  await expect(ann.conversation('Bob').locator('.presence-dot')).toBeVisible();
  await expect(bob.tick('Hello Ann', 'Read')).toBeVisible();

  // A draft is found by the row and by the chat.
  await ann.composer.fill('half a thought');
  await ann.page.goto('/');
  await expect(ann.conversation('Bob')).toContainText('Draft: half a thought');

  // The address works in any case, becomes the canonical one, and the row is the chosen one.
  for (const typed of ['BOB', 'bob']) {
    await ann.page.goto(`/@${typed}`);
    await expect(ann.page).toHaveURL(`${aldis.url}/@Bob`);
    await expect(ann.message('Hello Ann')).toBeVisible();
    await expect(ann.composer).toHaveValue('half a thought');
    await expect(ann.conversation('Bob')).toHaveAttribute('aria-current', 'page');
  }
  await ann.composer.fill('');

  // Blocked in the details, which Bob does not notice; let in again above the field.
  await ann.page.getByRole('button', { name: 'Details' }).click();
  await ann.details.getByRole('button', { name: 'Block' }).click();
  await ann.page.getByRole('dialog', { name: 'Block Bob?' }).getByRole('button', { name: 'Block' }).click();
  await expect(ann.details.getByText('You have blocked Bob.')).toBeVisible();
  await ann.page.keyboard.press('Escape');
  await bob.send('Unheard');
  await expect(bob.tick('Unheard', 'Sent')).toBeVisible();
  await ann.page.reload();
  await expect(ann.page.getByText('You have blocked Bob.')).toBeVisible();
  await ann.page.getByRole('button', { name: 'Unblock' }).click();
  await bob.send('Heard');
  await expect(ann.message('Heard')).toBeVisible();
  await expect(ann.message('Unheard')).toHaveCount(0);

  // Without a connection, to somebody new: one row, which becomes that of the conversation.
  const cat = await aldis.person('Cat', 'Cat');
  await ann.page.goto(`/@${cat.username.toLowerCase()}`);
  await expect(ann.page).toHaveURL(`${aldis.url}/@${cat.username}`);
  await ann.page.context().setOffline(true);
  await expect(ann.banner).toBeVisible();
  await ann.send('For Cat');
  await expect(ann.tick('For Cat', 'Waiting to be sent')).toBeVisible();
  const links = () =>
    ann.page
      .getByRole('navigation', { name: 'Conversations' })
      .getByRole('link')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  expect(await links()).toEqual([`/@${cat.username}`, '/@Bob']);
  await ann.page.context().setOffline(false);
  await expect(ann.tick('For Cat', 'Sent')).toBeVisible();
  expect(await links()).toEqual([`/@${cat.username}`, '/@Bob']);
  await Promise.all([hers.close(), his.close()]);
  await aldis.end();
});

test('who logs in in another case has the same database and drafts', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  socket.close();
  const kept: object[] = [];
  for (const spelling of [ann.username.toUpperCase(), ann.username.toLowerCase()]) {
    const context = await browser.newContext({ baseURL: aldis.url });
    const messenger = new Messenger(await context.newPage());
    const { page } = messenger;
    await page.goto('/login');
    await page.getByLabel('Username').fill(spelling);
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await messenger.conversation('Bob').click();
    await expect(messenger.message('Hello')).toBeVisible();
    await messenger.composer.fill('half a thought');
    const names = () =>
      page.evaluate(async () => ({
        databases: (await indexedDB.databases()).map(({ name }) => name).sort(),
        drafts: Object.keys(localStorage).filter((key) => key.includes('draft')),
      }));
    await expect.poll(async () => (await names()).drafts).toHaveLength(1);
    kept.push(await names());
    await context.close();
  }
  const database = `aldis:${ann.username}`;
  expect(kept[0]).toMatchObject({ databases: [database, `${database}:outbox`] });
  expect(kept[1]).toEqual(kept[0]);
});

test('a group knows its people in any case', async ({ aldis, browser }) => {
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await page.goto('/');
  await messenger.begin('Group');
  const dialog = page.getByRole('dialog', { name: 'New group' });
  await dialog.getByLabel('Group name').fill('Crew');
  const pick = async (username: string) => {
    await dialog.getByRole('combobox', { name: 'Members' }).fill(username);
    await dialog.getByRole('combobox', { name: 'Members' }).press('Enter');
  };
  await pick(ann.username.toLowerCase());
  await expect(dialog.getByText('You are part of it anyway.')).toBeVisible();
  await pick(bob.username.toUpperCase());
  await expect(dialog.getByRole('button', { name: 'Remove Bob' })).toBeVisible();
  await pick(bob.username.toLowerCase());
  await expect(dialog.getByText('is there already.')).toBeVisible();
  await pick(cat.username);
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await messenger.composer.waitFor();
  await messenger.send(
    `@${bob.username.toLowerCase()} and @${cat.username.toUpperCase()}: aye, @${ann.username.toLowerCase()}?`,
  );
  await expect(page.locator('.mention')).toHaveText([
    `@${bob.username.toLowerCase()}`,
    `@${cat.username.toUpperCase()}`,
    `@${ann.username.toLowerCase()}`,
  ]);
  await expect(page.locator('.mention.me')).toHaveText(`@${ann.username.toLowerCase()}`);
  await page.context().close();
});
