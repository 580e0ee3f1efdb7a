import { say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('22. typing is said at most every three seconds, and forgotten after five', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const socket = await aldis.connect(bob);
  const { conversationId } = await say(socket, { receiver: ann.username, text: 'Hello' });
  const other = await aldis.connect(cat);
  await say(other, { receiver: ann.username, text: 'Hello from Cat' });
  const told: { typing: boolean; at: number }[] = [];
  socket.on('typing', ({ typing }) => told.push({ typing, at: Date.now() }));

  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await expect(messenger.message('Hello')).toBeVisible();
  const note = page.locator('.chat-note');

  // Told: seven seconds of typing are three words; sending ends it.
  await messenger.composer.pressSequentially('abcdefghijklmnopqrst', { delay: 350 });
  await messenger.composer.press('Enter');
  await expect.poll(() => told.at(-1)?.typing).toBe(false);
  const said = told.filter(({ typing }) => typing);
  expect(said.length).toBeGreaterThanOrEqual(2);
  expect(said.length).toBeLessThanOrEqual(3);
  for (const [index, { at }] of said.entries())
    if (index > 0) expect(at - said[index - 1]!.at).toBeGreaterThanOrEqual(2_900);
  // Clearing ends it, and so does leaving.
  await messenger.composer.pressSequentially('xyz', { delay: 300 });
  await expect.poll(() => told.at(-1)?.typing).toBe(true);
  await messenger.composer.fill('');
  await expect.poll(() => told.at(-1)?.typing).toBe(false);
  await messenger.composer.pressSequentially('xyz', { delay: 300 });
  await expect.poll(() => told.at(-1)?.typing).toBe(true);
  await messenger.conversation('Cat').click();
  await expect.poll(() => told.at(-1)?.typing).toBe(false);

  // Heard: in the list and in the head, and over with the message.
  await socket.emitWithAck('typing', { conversationId, typing: true });
  await expect(messenger.conversation('Bob')).toContainText('typing…');
  await messenger.conversation('Bob').click();
  await expect(note).toHaveText('typing…');
  await say(socket, { conversationId, text: 'There' });
  await expect(note).not.toHaveText('typing…');
  // Not said again, it is forgotten. The server may drop a word that comes too soon after the one before.
  await expect(async () => {
    await socket.emitWithAck('typing', { conversationId, typing: true });
    await expect(note).toHaveText('typing…', { timeout: 500 });
  }).toPass();
  const from = Date.now();
  await expect(note).not.toHaveText('typing…', { timeout: 7_000 });
  expect(Date.now() - from).toBeGreaterThan(3_500);
  expect(Date.now() - from).toBeLessThan(6_500);
  socket.close();
  other.close();
  await page.context().close();
});

test('23. who comes and goes is seen within a second', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  let socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'Hello' });
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const note = page.locator('.chat-note');
  const light = messenger.conversation('Bob').locator('.presence-dot');
  await expect(note).toHaveText(`@${bob.username} · online`);
  await expect(light).toBeVisible();
  await expect(messenger.conversation('Bob')).toContainText('online');

  socket.close();
  await expect(note).toHaveText(/last seen at \d/, { timeout: 10_000 });
  await expect(light).toBeHidden();

  // In the page itself: how long it takes from the connection to the light.
  const seen = page.evaluate(async () => {
    while (!document.querySelector('.row .presence-dot')) await new Promise(requestAnimationFrame);
    return Date.now();
  });
  socket = await aldis.connect(bob);
  const connected = Date.now();
  expect((await seen) - connected).toBeLessThanOrEqual(1_000);
  await expect(note).toHaveText(/online/);
  socket.close();
  await page.context().close();
});
