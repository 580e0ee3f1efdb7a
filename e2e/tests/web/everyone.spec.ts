import { say } from '../../support/aldis.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

test('28. the keyboard alone: open, send, edit the last, reply, search', async ({ aldis, browser }) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  for (const other of [bob, cat]) {
    const socket = await aldis.connect(other);
    await say(socket, { receiver: ann.username, text: `Hello from ${other.username}` });
    socket.close();
  }
  const page = await browserOf(browser, aldis, ann);
  const { keyboard } = page;
  const messenger = new Messenger(page);
  await page.goto('/');
  await expect(messenger.conversation('Bob')).toBeVisible();

  // To a conversation, by the beginning of a name.
  await keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Search' })).toBeFocused();
  await keyboard.type('bo');
  await expect(page.getByRole('option', { name: 'Bob' }).first()).toHaveAttribute('aria-selected', 'true');
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Bob' })).toBeVisible();
  await expect(messenger.composer).toBeFocused();

  // Send; edit the last one with the arrow.
  await keyboard.type('A frist word');
  await keyboard.press('Enter');
  await expect(messenger.message('A frist word').getByRole('img', { name: /Sent|Delivered/ })).toBeVisible();
  await keyboard.press('ArrowUp');
  await expect(messenger.composer).toHaveValue('A frist word');
  await keyboard.press('Control+a');
  await keyboard.type('A first word');
  await keyboard.press('Enter');
  await expect(messenger.message('A first word').getByText('edited')).toBeVisible();
  await expect(messenger.message('A frist word')).toHaveCount(0);
  await expect(messenger.composer).toHaveValue('');
  await expect(messenger.composer).toBeFocused();

  // Reply from the composer: one up is one's own, two up is Bob's.
  await keyboard.press('Control+ArrowUp');
  await keyboard.press('Control+ArrowUp');
  await expect(page.getByText('Reply to Bob', { exact: true })).toBeVisible();
  await keyboard.type('Hello to you');
  await keyboard.press('Enter');
  await expect(
    messenger.message('Hello to you').getByRole('button', { name: 'In reply to Bob' }),
  ).toContainText(`Hello from ${bob.username}`);

  // Reply from the list: up into the messages, R, and back in the composer.
  await keyboard.press('Shift+Tab');
  while (!(await messenger.last.evaluate((message) => message === document.activeElement)))
    await keyboard.press('Shift+Tab');
  await keyboard.press('ArrowUp');
  await expect(messenger.message('A first word')).toBeFocused();
  await keyboard.press('ArrowUp');
  await keyboard.press('r');
  await expect(page.getByText('Reply to Bob', { exact: true })).toBeVisible();
  await expect(messenger.composer).toBeFocused();
  await keyboard.press('Escape');
  await expect(page.getByText('Reply to Bob', { exact: true })).toBeHidden();

  // Open from the list of conversations.
  await messenger.conversation('Cat').focus();
  await keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Cat' })).toBeVisible();
  await expect(messenger.composer).toBeFocused();
  await page.context().close();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`29. axe finds nothing to complain about (${colorScheme})`, async ({ aldis, browser }) => {
    const context = await browser.newContext({ baseURL: aldis.url, colorScheme });
    const visitor = await context.newPage();
    for (const path of ['/login', '/register', '/verify?username=somebody']) {
      await visitor.goto(path);
      await visitor.getByRole('heading', { level: 1 }).waitFor();
      expect(await violations(visitor), path).toEqual([]);
    }
    await visitor.goto('/login');
    await visitor.getByRole('button', { name: 'Log in' }).click();
    await expect(visitor.getByText('Fill this in.').first()).toBeVisible();
    expect(await violations(visitor), 'a form with errors').toEqual([]);
    await context.close();

    const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    const messenger = new Messenger(page);
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
    expect(await violations(page), 'the empty messenger').toEqual([]);

    await messenger.open(bob.username);
    const socket = await aldis.connect(bob);
    const first = await say(socket, {
      receiver: ann.username,
      text: 'Look at https://aldis.example/ and tell me',
    });
    await say(socket, { receiver: ann.username, text: '🎉', replyTo: first.id });
    await messenger.send('I did');
    await messenger.send('x'.repeat(17_000));
    await messenger.send('So I did');
    await page.keyboard.press('Control+ArrowUp');
    await expect(page.getByText('Reply to yourself')).toBeVisible();
    expect(await violations(page), 'a chat').toEqual([]);

    await page.getByRole('button', { name: /^Account of/ }).click();
    await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible();
    expect(await violations(page), 'the account menu').toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'New', exact: true }).click();
    await expect(page.getByRole('menu', { name: 'New' })).toBeVisible();
    expect(await violations(page), 'what can be begun').toEqual([]);
    await page.getByRole('menuitem', { name: 'Message' }).click();
    await expect(page.getByRole('dialog', { name: 'New conversation' })).toBeVisible();
    expect(await violations(page), 'a new conversation').toEqual([]);
    await page.keyboard.press('Escape');
    await page.goto('/@nobody-of-this-name');
    await expect(page.getByText('Nobody here is called')).toBeVisible();
    expect(await violations(page), 'nobody').toEqual([]);
    socket.close();
    await page.context().close();
  });
}

test('29. role=log announces new messages of others only', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  for (let index = 1; index <= 120; index++)
    await say(socket, { receiver: ann.username, text: `Old ${index}` });
  await aldis.readAll(ann);
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  const log = messenger.page.getByRole('log');
  await messenger.open(bob.username);
  await expect(messenger.message('Old 120')).toBeVisible();
  await messenger.page.mouse.move(800, 400);
  await expect(async () => {
    await messenger.page.mouse.wheel(0, -3_000);
    await expect(messenger.message('Old 1')).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(log).toHaveText('');
  await messenger.send('My own');
  await expect(messenger.message('My own').getByRole('img', { name: /Sent|Delivered|Read/ })).toBeVisible();
  await say(socket, { receiver: ann.username, text: 'News' });
  await expect(log).toHaveText('Bob: News');
  socket.close();
  await messenger.page.context().close();
});

test('30. 360 × 640: no sideways scroll, targets of 44 px, the composer above the keyboard', async ({
  aldis,
  browser,
}) => {
  const long = 'W'.repeat(64);
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', long)];
  const socket = await aldis.connect(bob);
  for (const text of [
    'Hello',
    'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'.repeat(3),
    'https://aldis.example/' + 'path/'.repeat(40),
    'مرحبا بالعالم',
    '🎉',
  ]) {
    await say(socket, { receiver: ann.username, text });
  }
  socket.close();

  const visitor = await browser.newContext({ baseURL: aldis.url, ...PHONE });
  const page = await visitor.newPage();
  for (const path of ['/login', '/register', '/verify?username=somebody']) {
    await page.goto(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await fits(page, path);
  }
  await visitor.close();

  const messenger = new Messenger(await browserOf(browser, aldis, ann, PHONE));
  const phone = messenger.page;
  await phone.goto('/');
  await expect(messenger.conversation(long)).toBeVisible();
  await fits(phone, 'the list');
  await messenger.conversation(long).tap();
  await expect(messenger.message('Hello')).toBeVisible();
  await expect(phone.getByRole('navigation', { name: 'Conversations' })).toBeHidden();
  await fits(phone, 'the chat');
  await messenger.message('🎉').tap();
  await expect(messenger.message('🎉').getByRole('button', { name: 'Reply' })).toBeVisible();
  await fits(phone, 'a chosen message');

  // The keyboard takes the lower half.
  await messenger.composer.tap();
  await phone.setViewportSize({ width: 360, height: 320 });
  const box = (await messenger.composer.boundingBox())!;
  expect(box.y).toBeGreaterThan(0);
  expect(box.y + box.height).toBeLessThanOrEqual(320);
  await expect(messenger.last).toBeInViewport();
  await phone.setViewportSize({ width: 360, height: 640 });

  // Back, by the button and by the browser.
  await phone.getByRole('button', { name: 'Back to your conversations' }).tap();
  await expect(messenger.conversation(long)).toBeVisible();
  await messenger.conversation(long).tap();
  await expect(messenger.composer).toBeVisible();
  await phone.goBack();
  await expect(messenger.conversation(long)).toBeVisible();
  await phone.context().close();
});
