import type { Message } from '../../../web/src/app/protocol/protocol.ts';
import { type Aldis, say } from '../../support/aldis.ts';
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

/** A person, with a conversation of so many lines of which they have read the first few. */
async function readUpTo(aldis: Aldis, read: number, lines: number) {
  const [ann, bob] = await Promise.all([aldis.person('ann', 'Ann'), aldis.person('bob', 'Bob')]);
  const socket = await aldis.connect(bob);
  const tell = (text: string) => say(socket, { receiver: ann.username, text });
  const sent: Message[] = [];
  for (let index = 1; index <= lines; index++)
    sent.push(await tell(`Line ${index}. ${'The tide waits for nobody. '.repeat((index * 7) % 5)}`));
  const { conversationId } = sent[0]!;
  if (read > 0) await aldis.read(ann, conversationId, sent[read - 1]!.seq);
  const mark = async () => {
    const { members } = (await aldis.conversations(bob)).find(({ id }) => id === conversationId)!;
    return members.find(({ username }) => username === ann.username)!.readSeq;
  };
  return { ann, bob, socket, tell, sent, conversationId, mark };
}

test('42. a chat opens at the first unread message, and read is what was in view', async ({
  aldis,
  browser,
}) => {
  const { ann, bob, socket, tell, sent, mark } = await readUpTo(aldis, 20, 100);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  expect(await below(messenger)).toContain('Line 21.');
  await expect(page.getByRole('separator', { name: 'New messages' })).toBeInViewport();
  const end = page.getByRole('button', { name: /^To the newest message, \d+ new/ });
  await expect(end).toBeVisible();
  // What is in view is read, and nothing below it.
  await expect.poll(mark).toBeGreaterThan(sent[20]!.seq);
  expect(await mark()).toBeLessThan(sent[60]!.seq);

  // What comes while one reads up there moves nothing.
  const place = await messenger
    .message(
      'Line 22. The tide waits for nobody. The tide waits for nobody. The tide waits for nobody. The tide waits for nobody.',
    )
    .boundingBox();
  await tell('While reading');
  await expect(messenger.conversation('Bob').getByText('While reading')).toBeVisible();
  expect(
    await messenger
      .message(
        'Line 22. The tide waits for nobody. The tide waits for nobody. The tide waits for nobody. The tide waits for nobody.',
      )
      .boundingBox(),
  ).toEqual(place);

  // The end is one press away; what was jumped over stays unread, and is one press away, too.
  await end.click();
  await expect(messenger.message('While reading')).toBeInViewport();
  const up = page.getByRole('button', { name: /new , to the first unread message/ });
  await expect(up).toBeVisible();
  expect(await mark()).toBeLessThan(sent[60]!.seq);
  await up.click();
  await expect(up).toBeHidden();
  await expect(end).toBeVisible();

  // After a reload it is where one had read to.
  await expect.poll(async () => (await mark()) > 0).toBe(true);
  const read = await mark();
  await page.reload();
  const [, line] = /^Line (\d+)\./.exec(await below(messenger))!;
  // More may have been read while the page went.
  expect(Number(line)).toBeGreaterThan(sent.findIndex(({ seq }) => seq === read));
  expect(Number(line)).toBeLessThan(60);
  await expect(page.getByRole('separator', { name: 'New messages' })).toBeInViewport();

  // Who answers has read.
  await messenger.send('An answer');
  await expect(messenger.message('An answer')).toBeInViewport();
  await expect.poll(mark).toBeGreaterThanOrEqual(sent.at(-1)!.seq);
  await expect(messenger.conversation('Bob').getByText('unread')).toBeHidden();
  socket.close();
  await page.context().close();
});

test('42. three hundred unread messages are read from the first of them', async ({ aldis, browser }) => {
  const { ann, bob, socket, mark } = await readUpTo(aldis, 40, 340);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  expect(await below(messenger)).toContain('Line 41.');
  await expect(page.getByRole('separator', { name: 'New messages' })).toBeInViewport();

  // All at once, for whom that is too much.
  await page.getByRole('button', { name: /^To the newest message/ }).click();
  await expect(messenger.last).toContainText('Line 340.');
  await expect(page.getByRole('button', { name: /new , to the first unread message/ })).toBeVisible();
  await page.getByRole('button', { name: 'Mark as read' }).click();
  await expect(messenger.conversation('Bob').getByText('unread')).toBeHidden();
  await expect.poll(mark).toBeGreaterThanOrEqual(340);
  socket.close();
  await page.context().close();
});

test('42. where all is new there is no divider; a mention below is one press away', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await Promise.all([aldis.person('ann', 'Ann'), aldis.person('bob', 'Bob')]);
  const { id } = await aldis.group('Crew', [bob, ann]);
  const socket = await aldis.connect(bob);
  for (let index = 1; index <= 25; index++)
    await say(socket, {
      conversationId: id,
      text: index === 24 ? `@${ann.username} and you?` : `Line ${index}. ${'It turns. '.repeat(30)}`,
    });
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.openGroup({ id });
  await expect(messenger.messages.filter({ hasText: 'Line 1.' })).toBeInViewport();
  await expect(page.getByRole('separator', { name: 'New messages' })).toHaveCount(0);
  const mention = page.getByRole('button', { name: 'To the next mention of you' });
  await mention.click();
  await messenger.pointedOut('and you?');
  socket.close();
  await page.context().close();
});
