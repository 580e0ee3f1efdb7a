import type { Page } from '@playwright/test';

import { Aldis, type Person, say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

const WIDE = { viewport: { width: 1280, height: 800 } };

function invitations(page: Page) {
  return page.getByRole('region', { name: 'Invitations' });
}

async function letAdd(aldis: Aldis, { token }: Person, addMe: string): Promise<void> {
  await aldis.call('PATCH', '/api/users/me', { addMe }, token);
}

test('whoever wants to be asked sees the invitation at once and after a reload, accepts it, and talks', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const [hers, his] = [
    new Messenger(await browserOf(browser, aldis, ann, WIDE)),
    new Messenger(await browserOf(browser, aldis, bob, WIDE)),
  ];
  await hers.page.goto('/');
  await hers.page.getByRole('button', { name: /^Account of/ }).waitFor();
  await hers.page.keyboard.press('Control+,');
  const settings = hers.page.getByRole('dialog', { name: 'Settings' });
  await settings.getByRole('button', { name: 'Privacy' }).click();
  const adding = settings.getByRole('group', { name: 'Who may add me to groups' });
  await expect(adding.getByRole('radio', { name: 'Everybody' })).toBeChecked();
  await adding.getByText('Nobody', { exact: true }).click();
  await expect
    .poll(
      async () => (await aldis.call<{ addMe: string }>('GET', '/api/users/me', undefined, ann.token)).addMe,
    )
    .toBe('nobody');
  expect(await violations(hers.page)).toEqual([]);
  await hers.page.keyboard.press('Escape');

  await his.page.goto('/');
  await his.begin('Group');
  const dialog = his.page.getByRole('dialog', { name: 'New group' });
  await dialog.getByRole('textbox', { name: 'Group name' }).fill('Harbour crew');
  await dialog.getByRole('combobox', { name: 'Members' }).fill(ann.username.toLowerCase());
  await dialog.getByRole('button', { name: 'Create group' }).click();
  await expect(dialog.getByText('Ann is invited and has to accept.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Open the group' }).click();
  await expect(his.page.getByRole('heading', { name: 'Harbour crew' })).toBeVisible();
  await his.page.getByRole('button', { name: 'Details' }).click();
  await expect(his.details.getByText('1 member')).toBeVisible();
  await expect(his.details.getByRole('list', { name: 'Invited' })).toContainText(ann.username);
  expect(await violations(his.page)).toEqual([]);
  await his.send('Nobody hears me');

  for (const when of ['live', 'after a reload']) {
    await expect(invitations(hers.page), when).toContainText('Harbour crew');
    await expect(invitations(hers.page)).toContainText(`Bob (@${bob.username}) invites you · 1 member`);
    await expect(hers.conversation('Harbour crew')).toHaveCount(0);
    if (when === 'live') await hers.page.reload();
  }
  expect(await violations(hers.page)).toEqual([]);
  await invitations(hers.page).getByRole('button', { name: 'Accept the invitation to Harbour crew' }).click();
  await expect(hers.page.getByRole('heading', { name: 'Harbour crew' })).toBeVisible();
  await expect(invitations(hers.page)).toHaveCount(0);
  await hers.send('Here I am');
  await expect(his.message('Here I am').getByText('Ann', { exact: true })).toBeVisible();
  await expect(his.page.getByText(/Ann.? joined/)).toBeVisible();
  await expect(his.details.getByText('2 members')).toBeVisible();
  await expect(his.details.getByRole('list', { name: 'Invited' })).toHaveCount(0);
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('on a phone invitations fit, are declined, and go when they are taken back', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  await letAdd(aldis, ann, 'contacts');
  const long = await aldis.group(
    'Extraordinarilylongandunbrokenwordsareintitles and others, too, up to a hundred',
    [bob, ann],
  );
  const crew = await aldis.group('Crew', [bob, ann]);
  const hers = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  const his = new Messenger(await browserOf(browser, aldis, bob, WIDE));
  await hers.page.goto('/');
  await expect(invitations(hers.page).getByRole('listitem')).toHaveCount(2);
  await fits(hers.page, 'invitations');
  await invitations(hers.page).getByRole('button', { name: 'Decline the invitation to Crew' }).click();
  await expect(invitations(hers.page).getByRole('listitem')).toHaveCount(1);
  await expect(hers.page.getByText('The invitation to Crew is declined.')).toBeFocused();
  await hers.page.reload();
  await expect(invitations(hers.page).getByRole('listitem')).toHaveCount(1);

  await his.openGroup(crew);
  await his.page.getByRole('button', { name: 'Details' }).click();
  const add = his.details.getByRole('combobox', { name: 'Add a member' });
  await add.fill(ann.username);
  await add.press('Enter');
  await expect(his.details.getByText(/has declined lately/)).toBeVisible();
  await his.openGroup(long);
  await his.page.getByRole('button', { name: 'Details' }).click();
  await his.details.getByRole('button', { name: 'Take back the invitation of Ann' }).click();
  await expect(invitations(hers.page)).toHaveCount(0);

  // Whom she writes to adds her.
  const socket = await aldis.connect(ann);
  await say(socket, { receiver: bob.username, text: 'Add me now' });
  await add.fill(ann.username);
  await add.press('Enter');
  await expect(his.details.getByText('2 members')).toBeVisible();
  socket.close();
  await Promise.all([hers.page.context().close(), his.page.context().close()]);
});

test('an invitation outlives a crash of the server', async ({ browser }) => {
  const aldis = await Aldis.start();
  try {
    const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
    await letAdd(aldis, ann, 'nobody');
    await aldis.group('Crew', [bob, ann]);
    await aldis.kill();
    await aldis.restart();
    const hers = new Messenger(await browserOf(browser, aldis, ann));
    await hers.page.goto('/');
    await invitations(hers.page)
      .getByRole('button', { name: /^Accept/ })
      .click();
    await expect(hers.page.locator('.chat-note')).toHaveText('2 members');
    await hers.page.context().close();
  } finally {
    await aldis.end();
  }
});

test('whoever left keeps their name on what they wrote, also for those who reload or come later', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob Ross'),
    await aldis.person('cat', 'Cat'),
  ];
  const group = await aldis.call<{ id: string }>(
    'POST',
    '/api/conversations',
    { title: 'Crew', members: [bob.username], history: 'all' },
    ann.token,
  );
  const socket = await aldis.connect(bob);
  await say(socket, { conversationId: group.id, text: 'Farewell' });
  socket.close();
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  await hers.openGroup(group);
  await expect(hers.message('Farewell').getByText('Bob Ross', { exact: true })).toBeVisible();
  await aldis.call('DELETE', `/api/conversations/${group.id}`, undefined, bob.token);
  await aldis.call('PUT', `/api/conversations/${group.id}/members/${cat.username}`, {}, ann.token);
  const later = new Messenger(await browserOf(browser, aldis, cat));
  await later.openGroup(group);
  for (const messenger of [hers, later]) {
    await expect(messenger.page.getByText(/Bob Ross.? left/)).toBeVisible();
    await expect(messenger.message('Farewell').getByText('Bob Ross', { exact: true })).toBeVisible();
    await expect(messenger.conversation('Crew')).toContainText('Bob Ross: Farewell');
  }
  await hers.page.reload();
  await expect(hers.message('Farewell').getByText('Bob Ross', { exact: true })).toBeVisible();
  await Promise.all([hers.page.context().close(), later.page.context().close()]);
});
