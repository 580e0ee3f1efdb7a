import type { Page } from '@playwright/test';

import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

const bar = (page: Page) => page.getByRole('search', { name: 'In this conversation' });
const field = (page: Page) => bar(page).getByRole('searchbox', { name: 'Search in this conversation' });

/** The words that the browser marks, in the order of the document. */
const marked = (page: Page) =>
  page.evaluate(() => [...(CSS.highlights.get('found') ?? [])].map((range) => (range as Range).toString()));

for (const colorScheme of ['light', 'dark'] as const) {
  test(`24. search within a conversation: hit after hit, each marked at its place (${colorScheme})`, async ({
    aldis,
    browser,
  }) => {
    const [ann, bob, cat] = [
      await aldis.person('Ann', 'Ann'),
      await aldis.person('Bob', 'Bob'),
      await aldis.person('cat', 'Cat'),
    ];
    const { id: conversationId } = await aldis.group('Crew', [ann, bob, cat]);
    const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
    await say(his, { conversationId, text: 'The first TIDE of the year' });
    for (let index = 1; index <= 300; index++)
      await say(his, { conversationId, text: `Line ${index}. Nothing about it here.` });
    await say(hers, { conversationId, text: 'High tide at noon, the tidé of tides' });
    await say(his, { conversationId, text: 'No more' });
    his.close();
    hers.close();
    await aldis.readAll(ann);
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    const messenger = new Messenger(page);
    await messenger.openGroup({ id: conversationId });
    await expect(messenger.message('No more')).toBeVisible();

    // The key of the browser's own search opens it, and the second time that one.
    await page.keyboard.press('Control+f');
    await expect(field(page)).toBeFocused();
    await field(page).fill('tide');
    await expect(bar(page).getByRole('status')).toHaveText('1 of 2');
    await messenger.pointedOut('High tide');
    await expect.poll(() => marked(page)).toEqual(['tide', 'tidé', 'tides']);
    expect(await violations(page)).toEqual([]);

    // An older one, far above; around its end; and back.
    await field(page).press('Enter');
    await expect(bar(page).getByRole('status')).toHaveText('2 of 2');
    await messenger.pointedOut('The first TIDE');
    await expect(messenger.message('The first TIDE of the year')).toBeInViewport();
    await expect.poll(() => marked(page)).toEqual(['TIDE']);
    await field(page).press('ArrowUp');
    await messenger.pointedOut('High tide');
    await field(page).press('Shift+Enter');
    await messenger.pointedOut('The first TIDE');
    await bar(page).getByRole('button', { name: 'Newer hit' }).click();
    await messenger.pointedOut('High tide');

    // Of one person, and of a time.
    await bar(page).getByRole('button', { name: 'Filter by person and date' }).click();
    await bar(page).getByRole('combobox', { name: 'From' }).selectOption('Bob');
    await expect(bar(page).getByRole('status')).toHaveText('1 of 1');
    await messenger.pointedOut('The first TIDE');
    await bar(page).getByLabel('Until').fill('2020-01-01');
    await expect(bar(page).getByRole('status')).toHaveText('Nothing found');
    await expect.poll(() => marked(page)).toEqual([]);
    await bar(page).getByLabel('Until').fill('');
    await bar(page).getByLabel('Since').fill('2020-01-01');
    await expect(bar(page).getByRole('status')).toHaveText('1 of 1');
    expect(await violations(page)).toEqual([]);

    // The marks end with the search.
    await expect.poll(() => marked(page)).toEqual(['TIDE']);
    await field(page).press('Escape');
    await expect(bar(page)).toBeHidden();
    await expect(messenger.composer).toBeFocused();
    expect(await marked(page)).toEqual([]);
    // From the details and from the list, too; and it ends where one goes elsewhere.
    await page.getByRole('button', { name: 'Details' }).click();
    await messenger.details.getByRole('button', { name: 'Search messages' }).click();
    await expect(field(page)).toBeFocused();
    await page.goto('/');
    await messenger.conversation('Crew').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Search messages' }).click();
    await expect(field(page)).toBeFocused();
    await page.context().close();
  });
}

test('24. search within a conversation on a phone', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'The lighthouse' });
  for (let index = 1; index <= 30; index++)
    await say(socket, { receiver: ann.username, text: `Line ${index}` });
  socket.close();
  await aldis.readAll(ann);
  const page = await browserOf(browser, aldis, ann, PHONE);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await page.getByRole('button', { name: 'Search in this conversation' }).tap();
  await field(page).fill('light');
  await messenger.pointedOut('The lighthouse');
  await bar(page).getByRole('button', { name: 'Filter by person and date' }).tap();
  await fits(page, 'the bar');
  await expect(messenger.message('The lighthouse')).toBeInViewport();
  await bar(page).getByRole('button', { name: 'Close the search' }).tap();
  await expect(bar(page)).toBeHidden();
  await page.context().close();
});
