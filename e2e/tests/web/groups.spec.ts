import { Aldis, answer, say } from '../../support/aldis.ts';
import {
  browserOf,
  expect,
  expectKept,
  fits,
  hold,
  Messenger,
  PHONE,
  test,
  violations,
} from '../../support/web.ts';

const WIDE = { viewport: { width: 1280, height: 800 } };

test('a group is begun, with mistakes explained where they happen, and everybody sees it at once', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  const socket = await aldis.connect(cat);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  const [hers, his] = [
    new Messenger(await browserOf(browser, aldis, ann)),
    new Messenger(await browserOf(browser, aldis, bob)),
  ];
  await his.page.goto('/');
  await hers.page.goto('/');
  await expect(hers.conversation('Cat')).toBeVisible();
  await expect(his.page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();

  await hers.begin('Group');
  const dialog = hers.page.getByRole('dialog', { name: 'New group' });
  const picker = dialog.getByRole('combobox', { name: 'Members' });
  await expect(dialog.getByRole('textbox', { name: 'Group name' })).toBeFocused();
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await expect(dialog.getByText('What is the group called?')).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Group name' }).fill('Harbour crew');
  await picker.fill('nobody.here');
  await picker.press('Enter');
  await expect(dialog.getByText('Nobody here is called @nobody.here')).toBeVisible();
  await picker.fill(`@${bob.username}`);
  await picker.press('Enter');
  await expect(dialog.getByRole('button', { name: 'Remove Bob' })).toBeVisible();
  await picker.fill(bob.username);
  await picker.press('Enter');
  await expect(dialog.getByText('is there already')).toBeVisible();
  // Somebody one knows is found by the name, with the keyboard.
  await picker.fill('ca');
  await expect(dialog.getByRole('option', { name: 'Cat' }).first()).toBeVisible();
  await picker.press('ArrowDown');
  await picker.press('Enter');
  await expect(dialog.getByRole('button', { name: 'Remove Cat' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Create group' }).click();

  await expect(hers.page.getByRole('heading', { name: 'Harbour crew' })).toBeVisible();
  await expect(hers.page.locator('.chat-note')).toHaveText('3 members');
  await expect(hers.conversation('Harbour crew')).toBeVisible();
  await his.conversation('Harbour crew').click();
  await hers.send('Welcome aboard');
  await expect(his.message('Welcome aboard').getByText('Ann', { exact: true })).toBeVisible();
  await expect(his.conversation('Harbour crew')).toContainText('Ann: Welcome aboard');
  await expect(hers.tick('Welcome aboard', 'Delivered')).toBeVisible();
  socket.close();
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('what is pressed while a name is looked up is done afterwards, once', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const [cat, dan] = [await aldis.person('cat', 'Cat'), await aldis.person('dan', 'Dan')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await page.goto('/');
  const dialog = page.getByRole('dialog', { name: 'New group' });
  const picker = dialog.getByRole('combobox', { name: 'Members' });
  const title = dialog.getByRole('textbox', { name: 'Group name' });
  const create = dialog.getByRole('button', { name: 'Create group' });
  const begin = async (name: string) => {
    await messenger.begin('Group');
    await title.fill(name);
  };
  const lookUp = async (username: string) => {
    const held = await hold(page, new RegExp(`/api/users/${username}$`));
    await picker.fill(username);
    await picker.press('Enter');
    await expect.poll(held.count).toBe(1);
    return held;
  };

  // The complaint comes, and nothing is created without the one who was meant.
  await begin('Nobody');
  const nobody = await lookUp('nobody.here');
  await create.click();
  await nobody.release();
  await expect(dialog.getByText('Nobody here is called @nobody.here')).toBeVisible();
  await expect(create).toBeEnabled();

  // Whoever closes the dialog meanwhile wants no group.
  const late = await lookUp(bob.username);
  await create.click();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  const answered = page.waitForResponse(/\/api\/users\//);
  await late.release();
  await answered;

  // Pressed twice, it is one group.
  await page.unrouteAll();
  await begin('Crew');
  const bobs = await lookUp(bob.username);
  await create.click();
  await title.press('Enter');
  await bobs.release();
  await expect(page.getByRole('heading', { name: 'Crew' })).toBeVisible();

  // A name that is confirmed while another one is looked up is picked, too; so is one that is only typed.
  await page.unrouteAll();
  await begin('Both');
  const [again, cats] = [await lookUp(bob.username), await lookUp(cat.username)];
  await picker.fill(dan.username);
  await create.click();
  await Promise.all([cats.release(), again.release()]);
  await expect(page.getByRole('heading', { name: 'Both' })).toBeVisible();
  const groups = await aldis.conversations(ann);
  expect(groups.map(({ title, members }) => [title, members.length])).toEqual([
    ['Both', 4],
    ['Crew', 2],
  ]);
  await page.context().close();
});

test('who leads a group renames it, adds, promotes, removes and hands it on; who is removed is told calmly', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  const group = await aldis.group('Crew', [ann, bob]);
  const [hers, his] = [
    new Messenger(await browserOf(browser, aldis, ann, WIDE)),
    new Messenger(await browserOf(browser, aldis, bob, WIDE)),
  ];
  for (const messenger of [hers, his]) {
    await messenger.openGroup(group);
    await messenger.page.getByRole('button', { name: 'Details' }).click();
    await expect(messenger.details.getByText('2 members')).toBeVisible();
  }
  await expect(his.details.getByRole('button', { name: 'Rename' })).toHaveCount(0);
  await expect(his.details.getByRole('button', { name: /^Actions for/ })).toHaveCount(0);

  await hers.details.getByRole('button', { name: 'Rename' }).click();
  await hers.details.getByRole('textbox', { name: 'Group name' }).fill(' ');
  await hers.page.keyboard.press('Enter');
  await expect(hers.details.getByText('A title has 1 to 100 characters')).toBeVisible();
  await hers.details.getByRole('textbox', { name: 'Group name' }).fill('Night crew');
  await hers.page.keyboard.press('Enter');
  for (const messenger of [hers, his]) {
    await expect(messenger.page.getByRole('heading', { name: 'Night crew' }).first()).toBeVisible();
    await expect(messenger.conversation('Night crew')).toBeVisible();
  }

  await hers.details.getByRole('combobox', { name: 'Add a member' }).fill(cat.username);
  await hers.page.keyboard.press('Enter');
  await expect(his.details.getByText('3 members')).toBeVisible();
  await expect(his.details.getByRole('listitem').filter({ hasText: cat.username })).toBeVisible();

  const choose = async (name: string, action: string) => {
    await hers.details.getByRole('button', { name: `Actions for ${name}` }).click();
    await hers.page.getByRole('menuitem', { name: action }).click();
  };
  await choose('Bob', 'Make admin');
  await expect(his.details.getByRole('listitem').filter({ hasText: bob.username })).toContainText('Admin');
  await expect(his.details.getByRole('button', { name: 'Rename' })).toBeVisible();
  await expect(his.details.getByRole('button', { name: 'Actions for Cat' })).toBeVisible();
  await expect(his.details.getByRole('button', { name: 'Actions for Ann' })).toHaveCount(0);

  // The owner cannot leave the others alone; having handed the group on, she can.
  await hers.details.getByRole('button', { name: 'Leave group' }).click();
  await expect(hers.page.getByRole('dialog')).toContainText('choose who is the next one');
  await expect(hers.page.getByRole('button', { name: 'Hand over and leave' })).toBeDisabled();
  await hers.page.getByRole('button', { name: 'Cancel' }).click();
  await choose('Bob', 'Make owner');
  await hers.page.getByRole('dialog').getByRole('button', { name: 'Make owner' }).click();
  await expect(his.details.getByRole('listitem').filter({ hasText: bob.username })).toContainText('Owner');
  await expect(hers.details.getByRole('button', { name: 'Actions for Bob' })).toHaveCount(0);

  // Bob takes her out while she writes.
  await hers.send('My last word');
  await his.details.getByRole('button', { name: 'Actions for Ann' }).click();
  await his.page.getByRole('menuitem', { name: 'Remove from group' }).click();
  await his.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(hers.page.getByText('You are no longer a member of this group.')).toBeVisible();
  await expect(hers.composer).toHaveCount(0);
  await expect(hers.details).toHaveCount(0);
  await expect(hers.message('My last word')).toBeVisible();
  await expect(hers.conversation('Night crew')).toContainText('You are no longer a member');
  await expect(his.details.getByText('2 members')).toBeVisible();

  // Taken back in, she reads on, with what was said meanwhile if she may, and can write again.
  await aldis.call('PUT', `/api/conversations/${group.id}/members/${ann.username}`, {}, bob.token);
  await expect(hers.composer).toBeVisible();
  await hers.send('Here again');
  await expect(his.message('Here again')).toBeVisible();

  // Removed while she is away: told when she comes back.
  await hers.page.goto('about:blank');
  await aldis.call('DELETE', `/api/conversations/${group.id}/members/${ann.username}`, undefined, bob.token);
  await hers.page.goto(`/c/${group.id}`);
  await expect(hers.page.getByText('You are no longer a member of this group.')).toBeVisible();
  // It stays, with what was said, until she removes it.
  await hers.page.reload();
  await expect(hers.page.getByText('You are no longer a member of this group.')).toBeVisible();
  await expect(hers.message('Here again')).toBeVisible();
  await hers.page.getByRole('button', { name: 'Remove from your list' }).click();
  await expect(hers.conversation('Night crew')).toHaveCount(0);
  await hers.page.reload();
  await expect(hers.page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('a group is silenced and left from its details', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const group = await aldis.group('Crew', [ann, bob]);
  const messenger = new Messenger(await browserOf(browser, aldis, bob));
  const { page } = messenger;
  await messenger.openGroup(group);
  await page.getByRole('button', { name: 'Details' }).click();
  const mute = messenger.details.getByRole('switch', { name: 'Mute' });
  await expect(mute).toHaveAttribute('aria-checked', 'false');
  await mute.click();
  await expect(mute).toHaveAttribute('aria-checked', 'true');
  await page.keyboard.press('Escape');
  await expect(messenger.details).toHaveCount(0);
  await expect(messenger.conversation('Crew')).toContainText('muted');
  await page.getByRole('button', { name: 'Details' }).click();
  await messenger.details.getByRole('button', { name: 'Leave group' }).click();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
  expect((await aldis.conversations(ann))[0]?.members).toHaveLength(1);
  await page.context().close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing to complain about in a group (${colorScheme})`, async ({ aldis, browser }) => {
    const [ann, bob, cat] = [
      await aldis.person('ann', 'Ann'),
      await aldis.person('bob', 'Bob'),
      await aldis.person('cat', 'Cat'),
    ];
    const group = await aldis.group('Crew', [ann, bob, cat]);
    const socket = await aldis.connect(bob);
    const first = await say(socket, {
      conversationId: group.id,
      text: `Is @${ann.username} there? Ask @${cat.username}.`,
    });
    answer(
      await socket.emitWithAck('message:react', {
        conversationId: group.id,
        id: first.id,
        emoji: '👍',
        on: true,
      }),
    );
    const second = await say(socket, { conversationId: group.id, text: 'Gone soon' });
    answer(await socket.emitWithAck('message:delete', { conversationId: group.id, id: second.id }));
    socket.close();
    for (const options of [WIDE, PHONE]) {
      const messenger = new Messenger(await browserOf(browser, aldis, ann, { ...options, colorScheme }));
      const { page } = messenger;
      await messenger.openGroup(group);
      await expect(messenger.messages.getByText('This message was deleted')).toBeVisible();
      expect(await violations(page), 'the chat').toEqual([]);
      await messenger.messages.first().focus();
      await page.keyboard.press('Enter');
      await expect(page.getByRole('menu')).toBeVisible();
      expect(await violations(page), 'the menu of a message').toEqual([]);
      await page.keyboard.press('Escape');
      await messenger.composer.fill('@');
      await expect(page.getByRole('listbox', { name: 'Members' })).toBeVisible();
      expect(await violations(page), 'suggestions').toEqual([]);
      await messenger.composer.fill('');
      await page.getByRole('button', { name: 'Details' }).click();
      await expect(messenger.details.getByText('3 members')).toBeVisible();
      expect(await violations(page), 'the details').toEqual([]);
      await messenger.details.getByRole('button', { name: 'Actions for Bob' }).click();
      await expect(page.getByRole('menu')).toBeVisible();
      expect(await violations(page), 'the menu of a member').toEqual([]);
      await page.context().close();
    }
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    await page.goto('/');
    await new Messenger(page).begin('Group');
    await page.getByRole('combobox', { name: 'Members' }).fill('bo');
    await expect(page.getByRole('option', { name: 'Bob' }).first()).toBeVisible();
    expect(await violations(page), 'a new group').toEqual([]);
    await page.context().close();
  });
}

test('a group fits a phone: nothing scrolls sideways, every target is large enough', async ({
  aldis,
  browser,
}) => {
  const long = 'W'.repeat(64);
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', long),
    await aldis.person('cat', 'Cat'),
  ];
  const group = await aldis.group('An uncommonly long name of a group that has to end somewhere', [
    ann,
    bob,
    cat,
  ]);
  const socket = await aldis.connect(bob);
  const first = await say(socket, { conversationId: group.id, text: `Hello @${ann.username}` });
  for (const emoji of ['👍', '❤️', '😂', '😮', '😢', '🙏', '🎉', '🚢'])
    answer(
      await socket.emitWithAck('message:react', { conversationId: group.id, id: first.id, emoji, on: true }),
    );
  socket.close();
  const messenger = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  const { page } = messenger;
  await page.goto('/');
  await messenger.conversation('An uncommonly').waitFor();
  await fits(page, 'the list');
  await messenger.begin('Group');
  await page.getByRole('combobox', { name: 'Members' }).fill('ca');
  await page.getByRole('option', { name: 'Cat' }).first().tap();
  await fits(page, 'a new group');
  await page.keyboard.press('Escape');
  await messenger.conversation('An uncommonly').tap();
  await expect(messenger.message(`Hello @${ann.username}`)).toBeVisible();
  await fits(page, 'the chat');
  await messenger.composer.fill('@');
  await expect(page.getByRole('listbox', { name: 'Members' })).toBeVisible();
  await fits(page, 'suggestions');
  await messenger.composer.fill('');
  await page.getByRole('button', { name: 'Details' }).tap();
  await expect(messenger.details.getByText('3 members')).toBeVisible();
  await fits(page, 'the details');
  await messenger.details.getByRole('button', { name: 'Actions for Cat' }).tap();
  await expect(page.getByRole('menu')).toBeVisible();
  await fits(page, 'the menu of a member');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Close details' }).tap();
  await expect(messenger.composer).toBeVisible();
  await page.context().close();
});

test('between the messages stands how the group changed, live and after a reload', async ({ browser }) => {
  const aldis = await Aldis.start();
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  const group = await aldis.group('Crew', [ann, bob]);
  const messenger = new Messenger(await browserOf(browser, aldis, bob));
  const lines = messenger.page.locator('.message .text, .beginning');
  // Names are kept apart from the sentence by marks that nobody sees.
  const shown = (texts: string[]) =>
    expect
      .poll(async () => (await lines.allInnerTexts()).map((text) => text.replaceAll(/[\u2068\u2069]/g, '')))
      .toEqual(texts);
  await messenger.openGroup(group);
  await shown(['Ann created the group']);
  await messenger.send('Who is there?');
  await expect(messenger.tick('Who is there?', 'Sent')).toBeVisible();
  await shown(['The beginning of your conversation with Crew.', 'Ann created the group', 'Who is there?']);
  const members = `/api/conversations/${group.id}/members`;
  await aldis.call('PUT', `${members}/${cat.username}`, {}, ann.token);
  await expect(lines.last()).toHaveText(/Ann.? added .?Cat/);
  await aldis.call('PATCH', `/api/conversations/${group.id}`, { title: 'Harbour' }, ann.token);
  await aldis.call('DELETE', `${members}/${cat.username}`, undefined, cat.token);
  await messenger.send('So she went');
  await expect(messenger.tick('So she went', 'Sent')).toBeVisible();
  await aldis.call('PUT', `${members}/${bob.username}`, { role: 'admin' }, ann.token);
  // Who is gone keeps the name, as on what they wrote.
  const all = [
    'Ann created the group',
    'Who is there?',
    'Ann added Cat',
    'Ann renamed the group to “Harbour”',
    'Cat left',
    'So she went',
    'Ann made you an admin',
  ];
  await shown(['The beginning of your conversation with Harbour.', ...all]);
  await messenger.page.reload();
  await shown(['The beginning of your conversation with Harbour.', ...all]);
  expect(await violations(messenger.page)).toEqual([]);
  await messenger.page.context().close();
  await aldis.end();
});

test('who was out and in again while away reads what was said in between, where the group lets them', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const { id } = await aldis.group('Crew', [bob, ann]);
  await aldis.call('PATCH', `/api/conversations/${id}`, { history: 'all' }, bob.token);
  const his = await aldis.connect(bob);
  await say(his, { conversationId: id, text: 'Before' });
  await aldis.readAll(ann);
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  await hers.openGroup({ id });
  await expect(hers.message('Before')).toBeVisible();
  await expect(hers.page.getByText('created the group')).toBeVisible();
  await expectKept(hers, ann, 1);
  await hers.page.goto('about:blank');
  const membership = `/api/conversations/${id}/members/${ann.username}`;
  await aldis.call('DELETE', membership, undefined, bob.token);
  await say(his, { conversationId: id, text: 'In between' });
  await aldis.call('PUT', membership, {}, bob.token);
  await say(his, { conversationId: id, text: 'After' });
  await aldis.readAll(ann);
  await hers.page.goto('/');
  await hers.conversation('Crew').click();
  await expect(hers.message('After')).toBeVisible();
  await expect(hers.message('In between')).toBeVisible();
  expect(await hers.texts()).toEqual(['Before', 'In between', 'After']);
  his.close();
  await hers.page.context().close();
});
