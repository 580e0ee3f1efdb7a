import { say } from '../../support/aldis.ts';
import { picture } from '../../support/files.ts';
import { browserOf, expect, Messenger, test, violations } from '../../support/web.ts';

test('45. a picture is chosen, seen by others and on another device, and removed', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const crew = await aldis.group('Crew', [ann, bob]);
  const socket = await aldis.connect(ann);
  await say(socket, { receiver: bob.username, text: 'Hello' });
  await say(socket, { conversationId: crew.id, text: 'Aye' });
  socket.close();
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = hers;
  await page.goto('/');
  await page.getByRole('button', { name: 'Account of Ann' }).click();
  await page.getByRole('button', { name: 'Settings' }).click();
  const settings = page.getByRole('dialog', { name: 'Settings' });
  await expect(settings.locator('aldis-picture-field aldis-avatar')).toHaveText('A');

  const choose = async (name: string, file: ReturnType<typeof picture>) => {
    const picker = page.waitForEvent('filechooser');
    await settings.getByRole('button', { name }).click();
    await (await picker).setFiles(file);
  };
  // What is no picture is refused in words, and nothing changes.
  await choose('Add a picture', { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await expect(settings.getByText('This file is no picture')).toBeVisible();
  await choose('Add a picture', picture('wide.png', 900, 600));
  await expect(settings.getByRole('button', { name: 'Change picture' })).toBeVisible();
  // The square of its middle.
  const own = settings.locator('aldis-picture-field img');
  const size = () =>
    own.evaluate(({ naturalWidth, naturalHeight }: HTMLImageElement) => [naturalWidth, naturalHeight]);
  await expect.poll(size).toEqual([512, 512]);
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Account of Ann' }).locator('img')).toBeVisible();

  // Her other device has it, and so has Bob: in the list, in the group and in her card.
  const tablet = await browserOf(browser, aldis, ann);
  await tablet.goto('/');
  await expect(tablet.getByRole('button', { name: 'Account of Ann' }).locator('img')).toBeVisible();
  const his = new Messenger(await browserOf(browser, aldis, bob));
  await his.page.goto('/');
  await expect(his.conversation('Ann').locator('img')).toBeVisible();
  await his.openGroup(crew);
  await his.page.getByRole('button', { name: 'About Ann' }).click();
  const card = his.page.getByRole('dialog', { name: 'Person' });
  await expect(card.locator('.details-who img')).toBeVisible();
  await his.page.keyboard.press('Escape');

  // Kept for when there is no connection, and gone with the log-out.
  const kept = () =>
    his.page.evaluate(async () => {
      const names = await caches.keys();
      const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return keys.flat().filter(({ url }) => url.includes('/picture?')).length;
    });
  await expect.poll(kept).toBeGreaterThan(0);
  await his.page.getByRole('button', { name: 'Account of Bob' }).click();
  await his.page.getByRole('button', { name: 'Log out' }).click();
  await his.page.getByRole('button', { name: 'Log in' }).waitFor();
  expect(await kept()).toBe(0);

  // Removed: the initials are back, on the other device once it is looked at.
  await page.keyboard.press('Control+,');
  await settings.getByRole('button', { name: 'Remove picture' }).click();
  await expect(settings.locator('aldis-picture-field aldis-avatar')).toHaveText('A');
  await tablet.reload();
  await expect(tablet.getByRole('button', { name: 'Account of Ann' })).toHaveText('A');
  for (const one of [page, tablet, his.page]) await one.context().close();
});

test('the picture of a group that one left is not kept', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const crew = await aldis.group('Crew', [bob, ann]);
  const { status } = await fetch(`${aldis.url}/api/conversations/${crew.id}/picture`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${bob.token}` },
    body: new Uint8Array(picture('crew.png').buffer),
  });
  expect(status).toBe(200);
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = hers;
  await page.goto('/');
  const kept = () =>
    page.evaluate(async (id) => {
      const names = await caches.keys();
      const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return keys.flat().filter(({ url }) => url.includes(id)).length;
    }, crew.id);
  await expect(hers.conversation('Crew').locator('img')).toBeVisible();
  await expect.poll(kept).toBe(1);
  await hers.conversation('Crew').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Leave group' }).click();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await expect(hers.conversation('Crew')).toHaveCount(0);
  await expect.poll(kept).toBe(0);
  await page.context().close();
});
