import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('a name is suggested while it is typed, by keyboard and by pointer, and stands out where it names a member', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob Marley'),
    await aldis.person('cat', 'Cat'),
  ];
  const group = await aldis.group('Crew', [ann, bob, cat]);
  const [hers, his] = [
    new Messenger(await browserOf(browser, aldis, ann)),
    new Messenger(await browserOf(browser, aldis, bob)),
  ];
  const { page } = hers;
  const { keyboard } = page;
  await Promise.all([hers.openGroup(group), his.openGroup(group)]);
  const suggestions = page.getByRole('listbox', { name: 'Members' });
  await keyboard.type('Ask @');
  // Everybody but oneself.
  await expect(suggestions.getByRole('option')).toHaveCount(2);
  await keyboard.type('mar');
  await expect(suggestions.getByRole('option', { name: 'Bob Marley' })).toHaveAttribute(
    'aria-selected',
    'true',
  );
  await keyboard.press('Enter');
  await expect(hers.composer).toHaveValue(`Ask @${bob.username} `);
  await expect(suggestions).toHaveCount(0);
  await keyboard.type('or @');
  await expect(suggestions.getByRole('option').nth(1)).toBeVisible();
  await keyboard.press('ArrowDown');
  await expect(suggestions.getByRole('option').nth(1)).toHaveAttribute('aria-selected', 'true');
  await keyboard.press('Escape');
  await expect(suggestions).toHaveCount(0);
  await keyboard.type('c');
  await suggestions.getByRole('option', { name: 'Cat' }).click();
  await expect(hers.composer).toHaveValue(`Ask @${bob.username} or @${cat.username} `);
  await expect(hers.composer).toBeFocused();
  await keyboard.type('or @nobody');
  await expect(suggestions).toHaveCount(0);
  await keyboard.press('Enter');
  await expect(his.page.locator('.message .mention')).toHaveText([`@${bob.username}`, `@${cat.username}`]);
  await expect(his.page.locator('.message .mention.me')).toHaveText(`@${bob.username}`);

  // Between two there is nobody to suggest.
  await hers.open(bob.username);
  await keyboard.type('@b');
  await expect(suggestions).toHaveCount(0);
  await Promise.all([page.context().close(), his.page.context().close()]);
});
