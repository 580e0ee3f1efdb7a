import type { Browser } from '@playwright/test';

import { Aldis, answer, say } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('11. one’s own send always ends at the end, wherever one was reading', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  for (let index = 0; index < 120; index++)
    await say(socket, {
      receiver: ann.username,
      text: `Line ${index}\n${'and more of it '.repeat(index % 9)}`,
    });
  socket.close();
  await aldis.readAll(ann);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await messenger.open(bob.username);
  await expect(messenger.last).toBeVisible();
  for (let turn = 0; turn < 15; turn++) {
    await messenger.page.mouse.move(800, 400);
    await messenger.page.mouse.wheel(0, -200 - 350 * turn);
    await expect.poll(() => messenger.fromEnd()).toBeGreaterThan(100);
    await messenger.send(`Turn ${turn}${'\nwith one more line'.repeat(turn % 4)}`);
    await expect(messenger.last).toContainText(`Turn ${turn}`);
    await expect(messenger.last).toBeInViewport({ ratio: 0.99 });
    await expect.poll(() => messenger.fromEnd()).toBeLessThanOrEqual(1);
  }
  await messenger.page.context().close();
});

test('14. ticks: pending, sent, delivered, read, each with an accessible name', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { baseURL: gate.url });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await messenger.send('First');
  await expect(messenger.tick('First', 'Sent')).toBeVisible();

  gate.close();
  await expect(messenger.banner).toBeVisible();
  await messenger.send('Second');
  await expect(messenger.tick('Second', 'Waiting to be sent')).toBeVisible();
  gate.open();
  await expect(messenger.tick('Second', 'Sent')).toBeVisible();

  const socket = await aldis.connect(bob);
  const [conversation] = await aldis.conversations(bob);
  const { id: conversationId, headSeq } = conversation!;
  answer(await socket.emitWithAck('receipt', { conversationId, deliveredSeq: headSeq }));
  await expect(messenger.tick('First', 'Delivered')).toBeVisible();
  await expect(messenger.tick('Second', 'Delivered')).toBeVisible();
  answer(await socket.emitWithAck('receipt', { conversationId, readSeq: headSeq - 1 }));
  await expect(messenger.tick('First', 'Read')).toBeVisible();
  await expect(messenger.tick('Second', 'Delivered')).toBeVisible();
  answer(await socket.emitWithAck('receipt', { conversationId, readSeq: headSeq }));
  await expect(messenger.tick('Second', 'Read')).toBeVisible();
  await expect(messenger.conversation('Bob').getByRole('img', { name: 'Read' })).toBeVisible();
  socket.close();
  await page.context().close();
  gate.end();
});

test('15. the same clientId twice shows once, also when the acknowledgement was lost', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const twice = { receiver: ann.username, clientId: 'the-same-one', text: 'Sent twice' };
  const page = await browserOf(browser, aldis, ann);
  // The server stores the first message and its answer never arrives: the line is cut in its place.
  let cut = true;
  await page.routeWebSocket(/socket\.io/, (route) => {
    const server = route.connectToServer();
    server.onMessage((frame) => {
      if (cut && String(frame).startsWith('43')) {
        cut = false;
        void server.close();
        void route.close();
      } else route.send(frame);
    });
  });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  expect((await say(socket, twice)).id).toBe((await say(socket, twice)).id);
  await expect(messenger.message('Sent twice')).toHaveCount(1);

  await expect.poll(() => cut, { message: 'a receipt may be cut first' }).toBe(false);
  cut = true;
  await messenger.send('Answered once');
  await expect(messenger.message('Answered once').getByRole('img', { name: /Sent|Delivered/ })).toBeVisible();
  expect(cut).toBe(false);
  await expect(messenger.message('Answered once')).toHaveCount(1);
  await page.reload();
  await expect(messenger.message('Answered once')).toHaveCount(1);
  await expect(messenger.message('Sent twice')).toHaveCount(1);
  const [conversation] = await aldis.conversations(ann);
  expect((await aldis.messages(ann, conversation!.id)).map(({ text }) => text)).toEqual([
    'Sent twice',
    'Answered once',
  ]);
  socket.close();
  await page.context().close();
});

test('17. the outbox survives a reload, order kept', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { baseURL: gate.url });
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  gate.close();
  await expect(messenger.banner).toBeVisible();
  const texts = Array.from({ length: 12 }, (_, index) => `Waiting ${index + 1}`);
  for (const text of texts) await messenger.send(text);
  await expect(messenger.tick('Waiting 12', 'Waiting to be sent')).toBeVisible();

  await page.reload();
  await expect(messenger.messages).toHaveCount(12);
  expect(await messenger.texts()).toEqual(texts);
  // Somebody who was never written to before is in the list all the same.
  await expect(messenger.conversation(bob.username)).toContainText('Waiting 12');
  await messenger.send('After the reload');

  gate.open();
  await expect(messenger.tick('After the reload', 'Sent')).toBeVisible();
  expect(await messenger.texts()).toEqual([...texts, 'After the reload']);
  const [conversation] = await aldis.conversations(bob);
  expect((await aldis.messages(bob, conversation!.id)).map(({ text }) => text)).toEqual([
    ...texts,
    'After the reload',
  ]);
  await page.context().close();
  gate.end();
});

test('17. a message that is refused for good says so, and can be discarded', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await messenger.send('x'.repeat(17_000));
  await expect(messenger.last.getByRole('img', { name: 'Not sent' })).toBeVisible();
  // It does not stand in the way of the next one.
  await messenger.send('Shorter');
  await expect(messenger.tick('Shorter', 'Sent')).toBeVisible();
  await page.reload();
  await messenger.page.getByRole('button', { name: 'Discard' }).click();
  await expect(messenger.messages).toHaveCount(1);
  await expect(messenger.message('Shorter')).toBeVisible();
  await page.context().close();
});

/** A browser at a conversation, and how many sockets it has opened. */
async function counted(aldis: Aldis, browser: Browser) {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann);
  let opened = 0;
  page.on('websocket', () => opened++);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  return { page, messenger, bob, sockets: () => opened };
}

test('17. a text too long for the line says so, and does not stand in the way', async ({
  aldis,
  browser,
}) => {
  const { page, messenger, bob, sockets } = await counted(aldis, browser);
  await messenger.composer.fill('y'.repeat(140_000));
  await expect(page.getByText('Too long by 123,616 characters. It may be refused.')).toBeVisible();
  await messenger.composer.press('Enter');
  const refused = messenger.messages.filter({ has: page.getByRole('button', { name: 'Discard' }) });
  await expect(refused.getByRole('img', { name: 'Not sent' })).toBeVisible();
  await messenger.send('second');
  await expect(messenger.tick('second', 'Sent')).toBeVisible();
  expect(sockets()).toBe(1);

  // Asked to, it goes to the server after all, which cuts the line over it: a few times, not for ever.
  await refused.getByRole('button', { name: 'Try again' }).click();
  await messenger.send('third');
  await expect(messenger.tick('third', 'Sent')).toBeVisible();
  await expect(refused.getByRole('img', { name: 'Not sent' })).toBeVisible();
  expect(sockets()).toBeGreaterThan(1);
  expect(sockets()).toBeLessThanOrEqual(5);
  const opened = sockets();

  await page.reload();
  await expect(refused.getByRole('img', { name: 'Not sent' })).toBeVisible();
  await refused.getByRole('button', { name: 'Discard' }).click();
  await expect(messenger.messages).toHaveCount(2);
  expect(sockets()).toBe(opened + 1);
  const [conversation] = await aldis.conversations(bob);
  expect((await aldis.messages(bob, conversation!.id)).map(({ text }) => text)).toEqual(['second', 'third']);
  await page.context().close();
});

test('a text that was refused goes back into the field, before what stands there', async ({
  aldis,
  browser,
}) => {
  const { page, messenger } = await counted(aldis, browser);
  const long = `${'界'.repeat(6_000)} end`;
  await messenger.send(long);
  const refused = messenger.messages.filter({ has: page.getByRole('button', { name: 'Discard' }) });
  await expect(refused.getByText('Not sent. Too long by 543 characters.')).toBeVisible();
  await messenger.composer.fill('what came next');
  await refused.getByRole('button', { name: 'Edit', exact: true }).click();
  await expect(refused).toHaveCount(0);
  await expect(messenger.composer).toHaveValue(`${long}\nwhat came next`);
  await messenger.composer.fill('short');
  await messenger.composer.press('Enter');
  await expect(messenger.tick('short', 'Sent')).toBeVisible();
  await page.context().close();
});

test('17. a server that takes less on the line than others is not asked for ever', async ({ browser }) => {
  const aldis = await Aldis.start(['--packet-limit', '40KiB']);
  const { page, messenger, bob, sockets } = await counted(aldis, browser);
  await messenger.send('y'.repeat(50_000));
  await messenger.send('second');
  await expect(messenger.tick('second', 'Sent')).toBeVisible();
  await expect(messenger.messages.first().getByRole('img', { name: 'Not sent' })).toBeVisible();
  expect(sockets()).toBeLessThanOrEqual(5);
  await page.context().close();
  await aldis.end();
});

test('half a character goes out as a replacement character', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  // As an input method or a script leaves it: `fill` would mend it on its way into the page.
  await messenger.composer.evaluate((field: HTMLTextAreaElement) => {
    field.value = 'half \ud83d end';
    field.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await messenger.composer.press('Enter');
  await expect(messenger.tick('half \ufffd end', 'Sent')).toBeVisible();
  await page.context().close();
});
