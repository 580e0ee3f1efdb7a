// Somebody tells the admins of a message or a person, and what becomes of it.
import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

test('a message is reported and shown, removed by an admin, and its report dealt with', async ({
  aldis,
  browser,
}) => {
  const [root, ann] = [await aldis.admin('root'), await aldis.person('ann', 'Ann')];
  const eve = await aldis.person('eve', 'Eve');
  const socket = await aldis.connect(eve);
  for (const text of ['hello', 'buy this', 'really']) await say(socket, { receiver: ann.username, text });
  socket.close();
  await aldis.readAll(ann);
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  await hers.open(eve.username);
  await hers.send('No');
  await expect(hers.tick('No', 'Sent')).toBeVisible();
  await hers.message('No').click({ button: 'right' });
  await expect(hers.page.getByRole('menuitem', { name: 'Delete' })).toBeVisible();
  await expect(hers.page.getByRole('menuitem', { name: 'Report' })).toHaveCount(0);
  await hers.page.keyboard.press('Escape');

  await hers.choose('buy this', 'Report');
  const dialog = hers.page.getByRole('dialog', { name: 'Report this message' });
  await expect(dialog).toContainText(`@${eve.username} is not told`);
  await dialog.getByLabel('What is wrong? (optional)').fill('Spam\nagain');
  const shows = dialog.getByRole('switch', { name: 'Show the admins this message' });
  await expect(shows).not.toBeChecked();
  await shows.click();
  // Where it did not arrive, it is said, and what was filled in is still there.
  await hers.page.route('**/api/reports', (route) => route.abort());
  await dialog.getByRole('button', { name: 'Report', exact: true }).click();
  await expect(dialog.getByRole('alert')).toContainText('cannot be reached');
  await hers.page.unroute('**/api/reports');
  await dialog.getByRole('button', { name: 'Report', exact: true }).click();
  await expect(dialog.getByText('Thank you.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(dialog).toHaveCount(0);

  const page = await browserOf(browser, aldis, root);
  await page.goto('/admin');
  await page.getByRole('button', { name: 'Reports' }).click();
  const row = page.getByRole('listitem').filter({ hasText: `A message by @${eve.username}` });
  await expect(row).toContainText(`reported today by @${ann.username}`);
  await row.getByRole('button', { name: 'View the report' }).click();
  const report = page.getByRole('dialog', { name: 'What was reported' });
  await expect(report.getByText('Spam')).toBeVisible();
  const shown = report.getByRole('list', { name: 'What was shown' }).getByRole('listitem');
  await expect(shown.locator('.reported-text')).toHaveText(['hello', 'buy this', 'really', 'No']);
  await expect(shown.filter({ hasText: 'Reported' })).toContainText('buy this');
  await report.getByRole('button', { name: 'Remove the message' }).click();
  await page.getByRole('button', { name: 'Remove it' }).click();
  await expect(report.getByText('The message was removed')).toBeVisible();
  await expect(hers.message('buy this')).toHaveCount(0);
  await report.getByRole('button', { name: 'Mark as dealt with' }).click();
  await expect(report.getByText(`Dealt with by @${root.username}`)).toBeVisible();

  // From here to what is done about the person.
  await report.getByRole('button', { name: `Manage @${eve.username}` }).click();
  await page.getByRole('dialog', { name: 'Eve' }).getByRole('button', { name: 'Shut out' }).click();
  await page.getByRole('dialog', { name: 'Shut out' }).getByRole('button', { name: 'Shut out' }).click();
  await expect(page.getByText('They are shut out.')).toBeVisible();
  await page.keyboard.press('Escape');
  await report.getByRole('button', { name: 'Close' }).click();
  await expect(row).toContainText('Dealt with');
  await expect(row).toContainText('Message removed');
  await page.getByRole('button', { name: 'Log', exact: true }).click();
  for (const [at, what] of ['shut out', 'was done with a report about', 'removed a message by'].entries())
    await expect(page.getByRole('listitem').nth(at)).toContainText(`${what} @${eve.username}`);
  for (const one of [page, hers.page]) await one.context().close();
});

test('a person is reported from their card, and nothing is shown of a message unless one says so', async ({
  aldis,
  browser,
}) => {
  const [root, ann] = [await aldis.admin('root'), await aldis.person('ann', 'Ann')];
  const mallory = await aldis.person('mallory', 'Mallory');
  const crew = await aldis.group('Crew', [ann, mallory]);
  const socket = await aldis.connect(mallory);
  await say(socket, { conversationId: crew.id, text: 'secret' });
  socket.close();
  await aldis.readAll(ann);
  for (const [nth, options] of [PHONE, { viewport: { width: 1440, height: 900 } }].entries()) {
    const colorScheme = nth === 0 ? 'dark' : 'light';
    const hers = new Messenger(await browserOf(browser, aldis, ann, { ...options, colorScheme }));
    const { page } = hers;
    await hers.openGroup(crew);
    await page.getByRole('button', { name: 'About Mallory' }).click();
    const card = page.getByRole('dialog', { name: 'Person' });
    await card.getByRole('button', { name: 'Report' }).click();
    const dialog = page.getByRole('dialog', { name: 'Report this person' });
    await expect(dialog.getByRole('switch')).toHaveCount(0);
    expect(await violations(page)).toEqual([]);
    if (nth === 0) await fits(page, 'reporting a person');
    await dialog.getByRole('button', { name: 'Report', exact: true }).click();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.keyboard.press('Escape');
    await hers.message('secret').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Report' }).click();
    const message = page.getByRole('dialog', { name: 'Report this message' });
    await message.getByRole('switch').waitFor();
    expect(await violations(page)).toEqual([]);
    if (nth === 0) await fits(page, 'reporting a message');
    await message.getByRole('button', { name: 'Report', exact: true }).click();
    await expect(message.getByText('Thank you.')).toBeVisible();
    await page.context().close();

    const admins = await browserOf(browser, aldis, root, { ...options, colorScheme });
    await admins.goto('/admin');
    await admins.getByRole('button', { name: 'Reports' }).click();
    const rows = admins.getByRole('listitem');
    await expect(rows.first()).toContainText(`A message by @${mallory.username}`);
    await expect(rows.nth(1)).toHaveText(new RegExp(`^\\s*@${mallory.username}`));
    expect(await violations(admins)).toEqual([]);
    await rows.first().getByRole('button').click();
    const report = admins.getByRole('dialog', { name: 'What was reported' });
    await expect(report.getByText('The message was not shown to the admins.')).toBeVisible();
    await expect(report).not.toContainText('secret');
    expect(await violations(admins)).toEqual([]);
    if (nth === 0) await fits(admins, 'a report');
    await admins.context().close();
  }
});
