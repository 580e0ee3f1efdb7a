import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

test('a member of a group is met by their picture, name, mention and row', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const cat = await aldis.person('cat', 'Cat');
  const crew = await aldis.group('Crew', [ann, bob, cat]);
  const socket = await aldis.connect(bob);
  const text = `Hello @${cat.username.toUpperCase()}`;
  await say(socket, { conversationId: crew.id, text });
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  const { page } = hers;
  const card = page.getByRole('dialog', { name: 'Person' });
  const bobs = card.getByText(`@${bob.username}`);
  await hers.openGroup(crew);

  // The picture: who it is, that he is there, the group that both are in. Esc gives the focus back.
  const picture = page.getByRole('button', { name: 'About Bob' });
  await picture.click();
  await expect(card.getByRole('heading', { name: 'Bob' })).toBeVisible();
  await expect(bobs).toBeVisible();
  await expect(card.getByText('online')).toBeVisible();
  await expect(card.getByRole('button', { name: 'Crew' })).toBeVisible();
  expect(await violations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(card).toBeHidden();
  await expect(picture).toBeFocused();

  // The name; he leaves, and the open card says so.
  await page.locator('.sender').getByRole('link', { name: 'Bob' }).click();
  await expect(card.getByText('online')).toBeVisible();
  socket.close();
  await expect(card.getByText('last seen at')).toBeVisible();
  await page.keyboard.press('Escape');

  // The mention, in capitals; by the keyboard.
  await page.getByRole('link', { name: `@${cat.username.toUpperCase()}`, exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(card.getByText(`@${cat.username}`)).toBeVisible();
  await page.keyboard.press('Escape');

  // The head opens the details; their rows open cards.
  await page.locator('.chat-note').click();
  await expect(hers.details).toBeVisible();
  await hers.details.getByRole('button', { name: `Bob @${bob.username}` }).click();
  await card.getByRole('button', { name: 'Message' }).click();
  await expect(page).toHaveURL(`${aldis.url}/@${bob.username}`);
  await hers.send('Just us two');
  await expect(hers.tick('Just us two', 'Sent')).toBeVisible();

  // Now the card mutes, and blocks.
  await hers.conversation('Crew').click();
  await picture.click();
  await card.getByRole('switch', { name: 'Mute' }).click();
  await expect(card.getByRole('switch', { name: 'Mute' })).toBeChecked();
  await card.getByRole('button', { name: 'Block' }).click();
  await page.getByRole('dialog', { name: 'Block Bob?' }).getByRole('button', { name: 'Block' }).click();
  await expect(card.getByText('You have blocked Bob.')).toBeVisible();
  await page.context().close();
});

test('on a phone the card lies over the sheet, and leads out of it', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const crew = await aldis.group('Crew', [ann, bob]);
  const socket = await aldis.connect(bob);
  await say(socket, { conversationId: crew.id, text: 'Aye' });
  socket.close();
  const hers = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  const { page } = hers;
  await hers.openGroup(crew);
  await fits(page, 'a group');
  await page.locator('.chat-title').tap();
  await hers.details.getByRole('button', { name: `Bob @${bob.username}` }).tap();
  const card = page.getByRole('dialog', { name: 'Person' });
  await expect(card.getByText('last seen at')).toBeVisible();
  await fits(page, 'the card');
  await card.getByRole('button', { name: 'Message' }).tap();
  await expect(page).toHaveURL(`${aldis.url}/@${bob.username}`);
  await expect(card).toBeHidden();
  await expect(hers.details).toBeHidden();
  await page.context().close();
});
