import { say } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

test('one answers, changes, deletes, reacts and copies, and the other sees it at once', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const [hers, his] = [
    new Messenger(
      await browserOf(browser, aldis, ann, { permissions: ['clipboard-read', 'clipboard-write'] }),
    ),
    new Messenger(await browserOf(browser, aldis, bob)),
  ];
  await hers.open(bob.username);
  await his.open(ann.username);
  await hers.send('Six is erly');
  await expect(his.message('Six is erly')).toBeVisible();

  // Reply, from the buttons beside the bubble; a press on the quote leads back.
  await his.message('Six is erly').hover();
  await his.message('Six is erly').getByRole('button', { name: 'Reply' }).click();
  await expect(his.page.getByText('Reply to Ann', { exact: true })).toBeVisible();
  await his.send('It is');
  await hers.message('It is').getByRole('button', { name: 'In reply to You' }).click();
  await hers.pointedOut('Six is erly');

  // Change, from the menu.
  await hers.choose('Six is erly', 'Edit');
  await expect(hers.composer).toHaveValue('Six is erly');
  await hers.composer.press('Escape');
  await expect(hers.composer).toHaveValue('');
  await hers.choose('Six is erly', 'Edit');
  await expect(hers.composer).toHaveValue('Six is erly');
  await hers.send('Six is early');
  await expect(his.message('Six is early').getByText('edited')).toBeVisible();
  await his.message('Six is early').click({ button: 'right' });
  await expect(his.page.getByRole('menuitem', { name: 'Reply' })).toBeVisible();
  await expect(his.page.getByRole('menuitem', { name: 'Edit' })).toHaveCount(0);
  await expect(his.page.getByRole('menuitem', { name: 'Delete' })).toHaveCount(0);
  await his.page.keyboard.press('Escape');

  // React: with one of the six, with any other, on another's chip, and back.
  await his.choose('Six is early', 'React with 👍');
  await expect(his.message('Six is early').getByRole('button', { name: '👍 1 by You' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  const theirs = hers.message('Six is early').getByRole('button', { name: '👍 1 by Bob' });
  await expect(theirs).toHaveAttribute('aria-pressed', 'false');
  await theirs.click();
  await expect(his.message('Six is early').getByRole('button', { name: '👍 2 by You, Ann' })).toBeVisible();
  await hers.choose('Six is early', 'React with another emoji');
  await hers.page.getByRole('searchbox', { name: 'Find an emoji' }).fill('no such thing');
  await expect(hers.page.getByText('Nothing is called that.')).toBeVisible();
  await hers.page.getByRole('searchbox', { name: 'Find an emoji' }).fill('ship');
  await hers.page.getByRole('button', { name: 'ship', exact: true }).click();
  await expect(his.message('Six is early').getByRole('button', { name: '🚢 1 by Ann' })).toBeVisible();
  await his.choose('Six is early', 'React with 👍');
  await expect(hers.message('Six is early').getByRole('button', { name: '👍 1 by You' })).toBeVisible();

  // Copy.
  await hers.choose('It is', 'Copy text');
  await expect.poll(() => hers.page.evaluate(() => navigator.clipboard.readText())).toBe('It is');

  // Delete, after a question.
  await hers.choose('Six is early', 'Delete');
  await hers.page.getByRole('button', { name: 'Cancel' }).click();
  await expect(hers.message('Six is early')).toBeVisible();
  await hers.choose('Six is early', 'Delete');
  await hers.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const messenger of [hers, his]) {
    await expect(messenger.messages.getByText('This message was deleted')).toBeVisible();
    await expect(messenger.messages.getByText('Six is early', { exact: true })).toHaveCount(0);
    await expect(messenger.messages.getByRole('button', { name: '🚢' })).toHaveCount(0);
  }
  await expect(his.message('It is').getByRole('button', { name: 'In reply to Ann' })).toContainText(
    'Message deleted',
  );
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('all of it by keyboard', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Morning' });
  socket.close();
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { keyboard } = messenger.page;
  await messenger.open(bob.username);
  await messenger.send('Good morning');
  await expect(messenger.tick('Good morning', 'Sent')).toBeVisible();
  await messenger.message('Good morning').focus();
  await keyboard.press('Enter');
  await expect(messenger.page.getByRole('menuitemcheckbox', { name: 'React with 👍' })).toBeFocused();
  await keyboard.press('ArrowRight');
  await keyboard.press('Enter');
  await expect(messenger.message('Good morning').getByRole('button', { name: '❤️ 1 by You' })).toBeVisible();
  await expect(messenger.message('Good morning')).toBeFocused();
  await keyboard.press('ArrowUp');
  await expect(messenger.message('Morning')).toBeFocused();
  await keyboard.press('ContextMenu');
  await expect(messenger.page.getByRole('menu')).toBeVisible();
  await keyboard.press('Escape');
  await expect(messenger.message('Morning')).toBeFocused();
  await keyboard.press('ArrowDown');
  await expect(messenger.message('Good morning')).toBeFocused();
  await keyboard.press('Enter');
  await expect(messenger.page.getByRole('menuitemcheckbox', { name: 'React with 👍' })).toBeFocused();
  await keyboard.press('End');
  await expect(messenger.page.getByRole('menuitem', { name: 'Delete' })).toBeFocused();
  await keyboard.press('Enter');
  await expect(messenger.page.getByRole('dialog', { name: 'Delete this message?' })).toBeVisible();
  await messenger.page.getByRole('button', { name: 'Delete' }).focus();
  await keyboard.press('Enter');
  await expect(messenger.messages.getByText('This message was deleted')).toBeVisible();
  await messenger.page.context().close();
});

test('without a connection changes are refused, and nothing is shown that is not so', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const gate = await Gate.before(aldis.url);
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { baseURL: gate.url }));
  const alert = messenger.page.getByRole('alert');
  await messenger.open(bob.username);
  await messenger.send('As it was');
  await expect(messenger.tick('As it was', 'Sent')).toBeVisible();
  // The parts that are loaded when they are wanted are here already.
  await messenger.message('As it was').click({ button: 'right' });
  await expect(messenger.page.getByRole('menu')).toBeVisible();
  await messenger.page.keyboard.press('Escape');
  gate.close();
  await expect(messenger.banner).toBeVisible();
  await messenger.choose('As it was', 'React with 👍');
  await expect(alert).toHaveText(
    'The reaction could not be saved: there is no connection. Try again once you are back.',
  );
  await messenger.choose('As it was', 'Delete');
  await messenger.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(messenger.page.getByRole('dialog').getByRole('alert')).toContainText(
    'The message could not be deleted: there is no connection.',
  );
  await messenger.page.keyboard.press('Escape');
  await messenger.choose('As it was', 'Edit');
  await expect(messenger.composer).toHaveValue('As it was');
  await messenger.send('As it would be');
  await expect(alert).toHaveText(
    'The change could not be saved: there is no connection. Try again once you are back.',
  );
  await messenger.composer.press('Escape');
  await expect(alert).toHaveCount(0);
  gate.open();
  await expect(messenger.banner).toBeHidden();
  await expect(messenger.message('As it was')).toBeVisible();
  await expect(messenger.message('As it was').getByRole('group', { name: 'Reactions' })).toHaveCount(0);
  const [conversation] = await aldis.conversations(ann);
  expect(await aldis.messages(ann, conversation!.id)).toMatchObject([{ text: 'As it was', seq: 1 }]);
  await messenger.page.context().close();
  gate.end();
});

test('a message is forwarded, and its info says whom it reached', async ({ aldis, browser }) => {
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  const group = await aldis.group('Crew', [ann, bob, cat]);
  const [hers, his] = [
    new Messenger(await browserOf(browser, aldis, ann)),
    new Messenger(await browserOf(browser, aldis, bob)),
  ];
  await hers.openGroup(group);
  await hers.send('We sail at six');
  await his.openGroup(group);
  await expect(his.message('We sail at six')).toBeVisible();

  await hers.choose('We sail at six', 'Info');
  const info = hers.page.getByRole('dialog', { name: 'Message info' });
  await expect(info.getByText(/^Sent .*day/)).toBeVisible();
  await expect(info.getByRole('list')).toHaveText([/Bob/, /Cat/]);
  await expect(info.getByRole('heading', { level: 3 })).toHaveText(['Read by', 'Sent to']);
  expect(await violations(hers.page)).toEqual([]);
  await hers.page.keyboard.press('Escape');
  await expect(hers.message('We sail at six')).toBeFocused();

  await his.message('We sail at six').click({ button: 'right' });
  await expect(his.page.getByRole('menuitem', { name: 'Info' })).toHaveCount(0);
  await his.page.getByRole('menuitem', { name: 'Forward' }).click();
  const chooser = his.page.getByRole('combobox', { name: 'Name or username' });
  await chooser.fill('nobody');
  await expect(his.page.getByText('No conversation matches.')).toBeVisible();
  await chooser.press('Escape');
  await hers.open(bob.username);
  await hers.send('Only for you');
  await his.choose('We sail at six', 'Forward');
  const forward = his.page.getByRole('dialog').getByRole('button', { name: /^Forward/ });
  await expect(forward).toBeDisabled();
  await chooser.fill('an');
  await chooser.press('Enter');
  await forward.click();
  await expect(his.page.getByRole('heading', { name: 'Ann' })).toBeVisible();
  await expect(hers.message('We sail at six')).toBeVisible();
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('a finger that rests on a message opens its menu', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Press me' });
  socket.close();
  const messenger = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  const { page } = messenger;
  await messenger.open(bob.username);
  await expect(messenger.message('Press me')).toBeVisible();
  await messenger.message('Press me').tap({ trial: true });
  const { x, y, width, height } = (await messenger.message('Press me').locator('.bubble').boundingBox())!;
  const finger = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchEnd') =>
    finger.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchStart' ? [{ x: x + width / 2, y: y + height / 2 }] : [],
    });
  await touch('touchStart');
  await expect(page.getByRole('menu', { name: 'Message actions' })).toBeVisible();
  await touch('touchEnd');
  await expect(page.getByRole('menu', { name: 'Message actions' })).toBeVisible();
  await fits(page, 'the menu');
  await page.getByRole('menuitemcheckbox', { name: 'React with 🙏' }).tap();
  await expect(messenger.message('Press me').getByRole('button', { name: '🙏 1 by You' })).toBeVisible();
  await fits(page, 'a reaction');
  await page.context().close();
});
