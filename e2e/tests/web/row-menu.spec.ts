import type { Locator, Page } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

const item = (page: Page, name: string) =>
  page.getByRole('menu', { name: /^Actions for / }).getByRole('menuitem', { name, exact: true });

async function choose(row: Locator, name: string): Promise<void> {
  await row.click({ button: 'right' });
  await item(row.page(), name).click();
}

const titles = (messenger: Messenger) =>
  messenger.page.getByRole('navigation', { name: 'Conversations' }).locator('.row-name').allInnerTexts();

test('a conversation is pinned, and marked as read and unread, from the list', async ({ aldis, browser }) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('Ann', 'Ann'),
    aldis.person('Bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
  const { conversationId } = await say(his, { receiver: ann.username, text: 'One' });
  await say(his, { receiver: ann.username, text: 'Two' });
  await say(hers, { receiver: ann.username, text: 'Three' });
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await page.goto('/');
  const row = messenger.conversation('Bob');
  await expect(row).toContainText('2 unread');
  expect(await titles(messenger)).toEqual(['Cat', 'Bob']);
  await choose(row, 'Pin');
  await expect(row).toContainText('pinned');
  expect(await titles(messenger)).toEqual(['Bob', 'Cat']);

  await choose(row, 'Mark as read');
  await expect(row).not.toContainText('unread');
  const read = async () => {
    const all = await aldis.conversations(ann);
    return all.find(({ id }) => id === conversationId)?.unread;
  };
  await expect.poll(read).toBe(0);
  await choose(row, 'Mark as unread');
  await expect(row).toContainText('Marked as unread');
  // Both are kept, and known to the other tabs.
  const tab = new Messenger(await page.context().newPage());
  await tab.page.goto('/');
  await expect(tab.conversation('Bob')).toContainText('Marked as unread');
  expect(await titles(tab)).toEqual(['Bob', 'Cat']);
  await row.click();
  await expect(row).not.toContainText('Marked as unread');
  await expect(tab.conversation('Bob')).not.toContainText('Marked as unread');

  // Writing ends it, too, also in the chat that is open.
  await choose(row, 'Mark as unread');
  await expect(row).toContainText('Marked as unread');
  await messenger.send('Here I am');
  await expect(row).not.toContainText('Marked as unread');
  await choose(row, 'Unpin');
  await expect(row).not.toContainText('pinned');
  for (const socket of [his, hers]) socket.close();
  await page.context().close();
});

test('a conversation is muted for an hour, and a mute ends by itself', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = await aldis.connect(bob);
  const { conversationId } = await say(his, { receiver: ann.username, text: 'Hi' });
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await page.goto('/');
  const row = messenger.conversation('Bob');
  const state = async () => (await aldis.conversations(ann))[0]!;
  await choose(row, 'Mute for an hour');
  await expect(row).toContainText('muted');
  const { muted, mutedUntil } = await state();
  expect(muted).toBe(true);
  expect(Date.parse(mutedUntil!) - Date.now()).toBeGreaterThan(3_500_000);
  expect(Date.parse(mutedUntil!) - Date.now()).toBeLessThan(3_700_000);
  await choose(row, 'Unmute');
  await expect(row).not.toContainText('muted');
  await choose(row, 'Mute always');
  await expect(row).toContainText('muted');
  expect((await state()).mutedUntil).toBeUndefined();
  // Of another device, for a moment.
  const soon = new Date(Date.now() + 4_000).toISOString();
  await aldis.call(
    'PATCH',
    `/api/conversations/${conversationId}`,
    { muted: true, mutedUntil: soon },
    ann.token,
  );
  await expect(row).not.toContainText('muted', { timeout: 10_000 });
  // What cannot be told to the server is said.
  await page.route(/\/api\/conversations\/[^/]+$/, (route) => route.abort());
  await choose(row, 'Mute for a day');
  await expect(page.getByRole('dialog', { name: 'That did not work' }).getByRole('alert')).toBeVisible();
  his.close();
  await page.context().close();
});

test('the owner hands a group over and leaves it from the list, and it is removed where one was taken out', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('Bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const crew = await aldis.group('Crew', [ann, bob, cat]);
  const tea = await aldis.group('Tea', [bob, ann]);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = messenger;
  await messenger.openGroup(crew);
  await choose(messenger.conversation('Crew'), 'Leave group');
  const dialog = page.getByRole('dialog', { name: 'Leave this group?' });
  const leave = dialog.getByRole('button', { name: 'Hand over and leave' });
  await expect(leave).toBeDisabled();
  expect(await violations(page)).toEqual([]);
  // Who was chosen leaves meanwhile.
  await dialog.getByRole('radio', { name: /Cat/ }).check();
  await expect(leave).toBeEnabled();
  await aldis.call('DELETE', `/api/conversations/${crew.id}`, undefined, cat.token);
  await expect(dialog.getByRole('radio', { name: /Cat/ })).toHaveCount(0);
  await expect(leave).toBeDisabled();
  await dialog.getByRole('radio', { name: /Bob/ }).check();
  await leave.click();
  await expect(messenger.conversation('Crew')).toHaveCount(0);
  await expect(page).toHaveURL('/');
  const [left] = (await aldis.conversations(bob)).filter(({ id }) => id === crew.id);
  expect(left!.members.map(({ username, role }) => [username, role])).toEqual([[bob.username, 'owner']]);

  await aldis.call('DELETE', `/api/conversations/${tea.id}/members/${ann.username}`, undefined, bob.token);
  await expect(messenger.conversation('Tea')).toContainText('You are no longer a member');
  await choose(messenger.conversation('Tea'), 'Remove from the list');
  await expect(messenger.conversation('Tea')).toHaveCount(0);
  await page.context().close();
});

test('the menu of a row opens by the keyboard and by a long press, and leaves the browser its own', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = await aldis.connect(bob);
  await say(his, { receiver: ann.username, text: 'Hi' });
  const desktop = new Messenger(await browserOf(browser, aldis, ann));
  await desktop.page.goto('/');
  await desktop.conversation('Bob').focus();
  await desktop.page.keyboard.press('Shift+F10');
  await expect(item(desktop.page, 'Pin')).toBeFocused();
  expect(await violations(desktop.page)).toEqual([]);
  await desktop.page.keyboard.press('Escape');
  await expect(desktop.conversation('Bob')).toBeFocused();
  await desktop.conversation('Bob').click({ button: 'right', modifiers: ['Shift'] });
  await expect(desktop.page.getByRole('menu')).toHaveCount(0);
  await desktop.page.context().close();

  const phone = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  const { page } = phone;
  await page.goto('/');
  const { x, y, width, height } = (await phone.conversation('Bob').boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const touch = (type: 'touchStart' | 'touchEnd') =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchStart' ? [{ x: x + width / 2, y: y + height / 2 }] : [],
    });
  await touch('touchStart');
  await expect(item(page, 'Pin')).toBeVisible();
  await touch('touchEnd');
  await expect(page).toHaveURL('/');
  await fits(page, 'the menu of a row');
  await item(page, 'Pin').click();
  await expect(phone.conversation('Bob')).toContainText('pinned');
  // The next press is a press.
  await phone.conversation('Bob').click();
  await expect(phone.message('Hi')).toBeVisible();
  his.close();
  await page.context().close();
});

test('a conversation is archived until something new is said, and a muted one for good', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat, dan] = await Promise.all(
    ['Ann', 'Bob', 'Cat', 'Dan'].map((name) => aldis.person(name, name)),
  );
  const live = await Promise.all([bob!, cat!, dan!].map((person) => aldis.connect(person)));
  const [his, hers] = live;
  for (const socket of live) await say(socket, { receiver: ann!.username, text: 'Hello' });
  await aldis.readAll(ann!);
  const messenger = new Messenger(await browserOf(browser, aldis, ann!, { reducedMotion: 'reduce' }));
  const { page } = messenger;
  await page.goto('/');
  const archived = page.getByRole('button', { name: /^Archived/ });
  const put = page.getByRole('list', { name: 'Archived' });
  await expect(messenger.conversation('Dan')).toBeVisible();
  await expect(archived).toHaveCount(0);
  await choose(messenger.conversation('Bob'), 'Pin');
  await choose(messenger.conversation('Bob'), 'Archive');
  await choose(messenger.conversation('Cat'), 'Mute always');
  await expect(messenger.conversation('Cat')).toContainText('muted');
  await choose(messenger.conversation('Cat'), 'Archive');
  await expect(archived).toHaveText(/Archived\s*2/);
  expect(await titles(messenger)).toEqual(['Dan']);
  // Kept, and known to the other tabs.
  const tab = new Messenger(await page.context().newPage());
  await tab.page.goto('/');
  await expect(tab.page.getByRole('button', { name: /^Archived/ })).toHaveText(/2/);
  expect(await titles(tab)).toEqual(['Dan']);

  await archived.focus();
  await page.keyboard.press('Enter');
  await expect(archived).toHaveAttribute('aria-expanded', 'true');
  await expect(put.getByRole('link')).toHaveCount(2);
  expect(await violations(page)).toEqual([]);
  await put.getByRole('link', { name: 'Bob' }).click();
  await expect(messenger.composer).toBeVisible();
  await expect(put.getByRole('link', { name: 'Bob' })).toHaveAttribute('aria-current', 'page');

  // What is new brings back the one that is not muted.
  await say(his!, { receiver: ann!.username, text: 'Something new' });
  await say(hers!, { receiver: ann!.username, text: 'Something muted' });
  await expect(put.getByRole('link')).toHaveText([/Cat/]);
  await expect(put.getByRole('link', { name: 'Cat' })).toContainText('1 unread');
  await expect(messenger.conversation('Bob')).not.toContainText('pinned');
  await expect.poll(() => titles(tab)).toEqual(['Bob', 'Dan']);
  await page.reload();
  await expect(archived).toHaveText(/1/);
  await archived.click();
  await choose(put.getByRole('link', { name: 'Cat' }), 'Unarchive');
  await expect(archived).toHaveCount(0);
  expect((await titles(messenger)).sort()).toEqual(['Bob', 'Cat', 'Dan']);
  for (const socket of live) socket.close();
  await page.context().close();
});

test('archived conversations on a phone', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = await aldis.connect(bob);
  await say(his, { receiver: ann.username, text: 'Hello' });
  his.close();
  const messenger = new Messenger(
    await browserOf(browser, aldis, ann, { ...PHONE, reducedMotion: 'reduce' }),
  );
  const { page } = messenger;
  await page.goto('/');
  await choose(messenger.conversation('Bob'), 'Archive');
  await page.getByRole('button', { name: /^Archived/ }).tap();
  await expect(page.getByRole('list', { name: 'Archived' }).getByRole('link')).toHaveCount(1);
  await fits(page, 'the archive');
  await page.context().close();
});
