import type { Person } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('a group of more than a hundred: all are listed, named and reacted for', async ({ aldis, browser }) => {
  test.slow();
  const ann = await aldis.person('ann', 'Ann');
  const others: Person[] = [];
  for (let n = 0; n < 104; n++) others.push(await aldis.person(`sailor-${n}`, `Sailor ${n}`));
  const group = await aldis.group('Fleet', [ann, ...others]);
  expect([group.memberCount, group.members.length]).toEqual([105, 100]);

  // Whoever is not among the first hundred is a member all the same, and called by name.
  const last = others.at(-1)!;
  const theirs = new Messenger(await browserOf(browser, aldis, last));
  await theirs.openGroup(group);
  await expect(theirs.page.locator('.chat-note')).toHaveText('105 members');
  await theirs.send('Anchors aweigh');
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  await hers.openGroup(group);
  await expect(hers.message('Anchors aweigh').getByText('Sailor 103', { exact: true })).toBeVisible();

  // An @ finds them.
  await hers.composer.fill('Hello @sailor-103');
  await expect(hers.page.getByRole('option', { name: /Sailor 103/ })).toBeVisible();
  await hers.composer.fill('');

  // The panel lists all, once asked for.
  await hers.page.getByRole('button', { name: 'Details' }).click();
  await hers.details.getByRole('button', { name: 'Show 55 more' }).click();
  await expect(hers.details.locator('.member')).toHaveCount(105);
  await hers.page.keyboard.press('Escape');

  // More react than a message names; one's own reaction is known all the same, here and after a reload.
  const { id } = (await aldis.messages(ann, group.id))[0]!;
  const thumb = `/api/conversations/${group.id}/messages/${id}/reactions/${encodeURIComponent('👍')}`;
  for (const person of others.slice(0, 21)) await aldis.call('PUT', thumb, undefined, person.token);
  const reaction = hers.message('Anchors aweigh').getByRole('button', { name: /👍/ });
  await expect(reaction).toContainText('21');
  await expect(reaction).toHaveAttribute('aria-pressed', 'false');
  await reaction.click();
  await expect(reaction).toContainText('22');
  await expect(reaction).toHaveAttribute('aria-pressed', 'true');
  await hers.page.reload();
  await expect(reaction).toHaveAttribute('aria-pressed', 'true');
  await expect(reaction).toHaveAttribute('title', /You and 12 more$/);
  await reaction.click();
  await expect(reaction).toContainText('21');
  await expect(reaction).toHaveAttribute('aria-pressed', 'false');
  await Promise.all([hers.page.context().close(), theirs.page.context().close()]);
});
