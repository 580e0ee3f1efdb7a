import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

/** The text of the message under “New messages”. */
async function below(messenger: Messenger): Promise<string> {
  const line = messenger.page.locator('aldis-message', {
    has: messenger.page.getByRole('separator', { name: 'New messages' }),
  });
  await expect(line).toHaveCount(1);
  return line.locator('.text').innerText();
}

test('16. “New messages” stands before the first unread, and stays until one leaves', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const socket = await aldis.connect(bob);
  const tell = (text: string) => say(socket, { receiver: ann.username, text });
  const old = await tell('Read before');
  await tell('New 1');
  await tell('New 2');
  const other = await aldis.connect(cat);
  await say(other, { receiver: ann.username, text: 'Hello' });
  const hers = await aldis.connect(ann);
  await hers.emitWithAck('receipt', { conversationId: old.conversationId, readSeq: old.seq });
  hers.close();

  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  const divider = page.getByRole('separator', { name: 'New messages' });
  await messenger.open(bob.username);
  expect(await below(messenger)).toBe('New 1');
  await expect(messenger.conversation('Bob').getByText('unread')).toBeHidden();

  // It stays where it is, whatever comes.
  await tell('While looking');
  await expect(messenger.message('While looking')).toBeVisible();
  await messenger.send('An answer');
  await expect(messenger.message('An answer').getByRole('img', { name: /Sent|Delivered/ })).toBeVisible();
  expect(await below(messenger)).toBe('New 1');

  // Left and come back to: everything is read.
  await messenger.conversation('Cat').click();
  await expect(messenger.message('Hello')).toBeVisible();
  await messenger.conversation('Bob').click();
  await expect(messenger.message('While looking')).toBeVisible();
  await expect(divider).toHaveCount(0);
  await tell('Seen as it came');
  await expect(messenger.message('Seen as it came')).toBeVisible();
  await expect(divider).toHaveCount(0);

  // What comes while one is elsewhere is new again.
  await messenger.conversation('Cat').click();
  await tell('While away');
  await tell('While away, too');
  await expect(messenger.conversation('Bob').getByText('2 unread')).toBeVisible();
  await messenger.conversation('Bob').click();
  expect(await below(messenger)).toBe('While away');

  // So is what comes while the page is closed, from the cache on; once it is told that the rest was read.
  const unread = async () =>
    (await aldis.conversations(ann)).find(({ id }) => id === old.conversationId)!.unread;
  await expect.poll(unread).toBe(0);
  await page.goto('about:blank');
  await tell('While closed');
  await messenger.open(bob.username);
  await expect(messenger.message('While closed')).toBeVisible();
  expect(await below(messenger)).toBe('While closed');

  socket.close();
  other.close();
  await page.context().close();
});

test('20. several tabs agree on unread counts', async ({ aldis, browser }) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const socket = await aldis.connect(bob);
  const other = await aldis.connect(cat);
  await say(socket, { receiver: ann.username, text: 'One' });
  await say(other, { receiver: ann.username, text: 'Hello' });
  const page = await browserOf(browser, aldis, ann);
  const tabs = [
    new Messenger(page),
    new Messenger(await page.context().newPage()),
    new Messenger(await browserOf(browser, aldis, ann)),
  ];
  for (const tab of tabs) {
    await tab.page.goto('/');
    await expect(tab.conversation('Bob').getByText('1 unread')).toBeVisible();
  }
  for (const text of ['Two', 'Three']) await say(socket, { receiver: ann.username, text });
  for (const tab of tabs) await expect(tab.conversation('Bob').getByText('3 unread')).toBeVisible();

  // Read in one, read in all; the other conversation is as it was.
  await tabs[1]!.conversation('Bob').click();
  for (const tab of tabs) {
    await expect(tab.conversation('Bob').getByText('unread')).toBeHidden();
    await expect(tab.conversation('Cat').getByText('1 unread')).toBeVisible();
  }
  // Open in one, what comes is read there, and counts nowhere.
  const last = await say(socket, { receiver: ann.username, text: 'Four' });
  await expect(tabs[1]!.message('Four')).toBeVisible();
  await expect
    .poll(async () => (await aldis.conversations(ann)).find(({ id }) => id === last.conversationId)?.unread)
    .toBe(0);
  for (const tab of tabs) await expect(tab.conversation('Bob').getByText('unread')).toBeHidden();
  socket.close();
  other.close();
  for (const tab of [tabs[0]!, tabs[2]!]) await tab.page.context().close();
});
