import { Aldis, type Person } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, expectLast, Messenger, register, test } from '../../support/web.ts';

test('two people register, talk, lose the server, and miss nothing', async ({ browser }) => {
  const aldis = await Aldis.start();
  const [hers, his] = await Promise.all([
    browser.newContext({ baseURL: aldis.url }),
    browser.newContext({ baseURL: aldis.url }),
  ]);
  const ann = new Messenger(await hers.newPage());
  let bob = new Messenger(await his.newPage());
  await register(ann.page, 'Ann', 'Ann');
  await register(bob.page, 'Bob', 'Bob');

  await ann.begin('Message');
  await ann.page.getByRole('textbox', { name: 'Username' }).fill('nobody.here');
  await ann.page.getByRole('button', { name: 'Start conversation' }).click();
  await expect(ann.page.getByText('Nobody here is called @nobody.here')).toBeVisible();
  await ann.page.getByRole('textbox', { name: 'Username' }).fill('bob');
  await ann.page.getByRole('button', { name: 'Start conversation' }).click();
  await ann.send('Hello Bob');
  await expect(ann.tick('Hello Bob', 'Delivered')).toBeVisible();

  await bob.conversation('Ann').click();
  await expect(bob.message('Hello Bob')).toBeVisible();
  await expect(ann.tick('Hello Bob', 'Read')).toBeVisible();
  await bob.send('Hello Ann');
  await expect(ann.message('Hello Ann')).toBeVisible();

  // Bob closes; Ann goes on; the power fails; Bob opens again.
  await bob.page.close();
  const texts = Array.from({ length: 20 }, (_, index) => `While you were away ${index + 1}`);
  for (const text of texts) await ann.send(text);
  await expect(ann.tick(texts.at(-1)!, 'Sent')).toBeVisible();
  await aldis.kill();
  await expect(ann.banner).toBeVisible();
  await ann.send('Written in the dark');
  await expect(ann.tick('Written in the dark', 'Waiting to be sent')).toBeVisible();
  await aldis.restart();
  await expect(ann.banner).toBeHidden();
  await expect(ann.tick('Written in the dark', 'Sent')).toBeVisible();

  bob = new Messenger(await his.newPage());
  await bob.page.goto('/');
  await expect(bob.conversation('Ann').getByText('21 unread')).toBeVisible();
  await bob.conversation('Ann').click();
  await expect(bob.message('While you were away 1')).toBeInViewport();
  await bob.page.getByRole('button', { name: /^To the newest message/ }).click();
  await expect(bob.message('Written in the dark')).toBeInViewport();
  const all = ['Hello Bob', 'Hello Ann', ...texts, 'Written in the dark'];
  const login = await aldis.call<{ token: string }>('POST', '/auth/login', {
    username: 'bob',
    password: 'correct horse battery',
  });
  const [conversation] = await aldis.conversations(login);
  expect((await aldis.messages(login, conversation!.id)).map(({ text }) => text)).toEqual(all);
  await expectLast(bob, all);
  await expect(ann.tick('Written in the dark', 'Read')).toBeVisible();
  await expect(bob.conversation('Ann').getByText('unread')).toBeHidden();

  // Out, and nothing is left behind.
  await bob.page.getByRole('button', { name: 'Account of Bob' }).click();
  await bob.page.getByRole('button', { name: 'Log out' }).click();
  await expect(bob.page.getByText('You are logged out')).toBeVisible();
  expect(
    await bob.page.evaluate(async () => [
      localStorage.length,
      (await indexedDB.databases()).length,
      (await caches.keys()).filter((name) => name.startsWith('aldis:')).length,
    ]),
  ).toEqual([0, 0, 0]);
  await Promise.all([hers.close(), his.close()]);
  await aldis.end();
});

/** What a chat shows of each message, and the same as the server has it. */
async function shown({ page }: Messenger): Promise<object[]> {
  return page.locator('.message').evaluateAll((all) =>
    all.map((message) => ({
      text: message.querySelector('.text, .gone')!.textContent!.trim(),
      edited: message.querySelector('.meta')?.textContent?.includes('edited') ?? false,
      quote: message.querySelector('.quote-text')?.textContent ?? '',
      reactions: [...message.querySelectorAll('.reaction-emoji')].map((emoji) => emoji.textContent),
    })),
  );
}

async function stored(aldis: Aldis, person: Person, conversationId: string): Promise<object[]> {
  const messages = await aldis.messages(person, conversationId);
  const quoted = (id?: string) => messages.find((message) => message.id === id);
  return messages.map(({ text, editedAt, deletedAt, replyTo, reactions }) => ({
    text: deletedAt ? 'This message was deleted' : text,
    edited: Boolean(editedAt && !deletedAt),
    quote: quoted(replyTo)?.deletedAt ? 'Message deleted' : (quoted(replyTo)?.text ?? ''),
    reactions: deletedAt ? [] : Object.keys(reactions ?? {}),
  }));
}

test('a day of two people, one of them on two devices, which both end up with what the server has', async ({
  aldis,
  browser,
}) => {
  test.slow();
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const gate = await Gate.before(aldis.url);
  const his = new Messenger(await browserOf(browser, aldis, bob));
  const laptop = new Messenger(await browserOf(browser, aldis, ann));
  const tablet = new Messenger(await browserOf(browser, aldis, ann, { baseURL: gate.url }));
  const hers = [laptop, tablet];
  for (const device of hers) await device.page.goto('/');

  // Morning: counted on both, read on one, and so on both.
  await his.open(ann.username);
  await his.send('Good morning');
  for (const device of hers) await expect(device.conversation('Bob').getByText('1 unread')).toBeVisible();
  await laptop.conversation('Bob').click();
  await expect(his.tick('Good morning', 'Read')).toBeVisible();
  await expect(tablet.conversation('Bob').getByText('unread')).toBeHidden();

  // A group: a mention is read on the tablet and answered there; the answer is mended on the laptop.
  const group = await aldis.group('Harbour', [ann, bob]);
  await his.conversation('Harbour').click();
  await his.send(`Is the boat ready, @${ann.username}?`);
  await expect(laptop.conversation('Harbour').getByText('1 unread')).toBeVisible();
  await tablet.conversation('Harbour').click();
  await expect(tablet.page.locator('.mention.me')).toHaveText(`@${ann.username}`);
  await expect(laptop.conversation('Harbour').getByText('unread')).toBeHidden();
  await tablet.choose(`Is the boat ready, @${ann.username}?`, 'Reply');
  await tablet.send('Allmost');
  await laptop.conversation('Harbour').click();
  await expect(laptop.message('Allmost').getByRole('button', { name: 'In reply to Bob' })).toBeVisible();
  await laptop.choose('Allmost', 'Edit');
  await expect(laptop.composer).toHaveValue('Allmost');
  await laptop.send('Almost');
  await his.choose('Almost', 'React with 👍');
  await his.send('Wrong window');
  await his.choose('Wrong window', 'Delete');
  await his.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const device of hers) {
    await expect(device.message('Almost').getByText('edited')).toBeVisible();
    await expect(device.message('Almost').getByRole('button', { name: '👍 1 by Bob' })).toBeVisible();
    await expect(device.messages.getByText('This message was deleted')).toBeVisible();
  }

  // Silenced on one, silent on both; a draft stays where it was written.
  await laptop.page.getByRole('button', { name: 'Details' }).click();
  await laptop.details.getByRole('switch', { name: 'Mute' }).click();
  await laptop.page.keyboard.press('Escape');
  for (const device of hers) await expect(device.conversation('Harbour')).toContainText('muted');
  await laptop.composer.fill('half a thought');
  await laptop.open(bob.username);
  await expect(laptop.conversation('Harbour')).toContainText('Draft: half a thought');
  await expect(tablet.composer).toHaveValue('');

  // The tablet is in a tunnel. What is written meanwhile, there and elsewhere, is with everybody afterwards.
  gate.close();
  await expect(tablet.banner).toBeVisible();
  await tablet.send('From the tunnel');
  await expect(tablet.tick('From the tunnel', 'Waiting to be sent')).toBeVisible();
  await his.choose('Almost', 'React with ❤️');
  for (const text of ['Are you there?', 'I wait at the lighthouse']) await his.send(text);
  await laptop.send('To you alone');
  await expect(laptop.tick('To you alone', 'Delivered')).toBeVisible();
  gate.open();
  await expect(tablet.tick('From the tunnel', 'Read')).toBeVisible();
  await expect(tablet.message('Almost').getByRole('button', { name: '❤️ 1 by Bob' })).toBeVisible();

  // Blocked on one for an hour, let in again on the other.
  await laptop.page.getByRole('button', { name: 'Details' }).click();
  await laptop.details.getByRole('button', { name: 'Block' }).click();
  await laptop.page.getByRole('dialog').getByRole('button', { name: 'Block' }).click();
  await expect(laptop.details.getByText('You have blocked Bob.')).toBeVisible();
  await laptop.page.keyboard.press('Escape');
  await his.open(ann.username);
  await his.send('Nobody hears this');
  await expect(his.tick('Nobody hears this', 'Sent')).toBeVisible();
  // There is no composer for whom one has blocked.
  await tablet.page.goto(`./@${bob.username}`);
  await tablet.page.getByRole('button', { name: 'Unblock' }).click();
  await his.send('Back again');
  for (const device of hers) await expect(device.message('Back again')).toBeVisible();

  // Found again.
  await tablet.page.getByRole('combobox', { name: 'Search' }).fill('lighthouse');
  await tablet.page.getByRole('group', { name: 'Messages' }).getByRole('option').click();
  await tablet.pointedOut('I wait at the lighthouse');

  // Evening: the same on both, and what the server has; after a reload, too.
  const direct = (await aldis.conversations(ann)).find(({ kind }) => kind === 'direct')!;
  for (const device of hers) {
    for (const [open, id] of [
      [() => device.openGroup(group), group.id],
      [() => device.open(bob.username), direct.id],
    ] as const) {
      await open();
      await expect.poll(() => shown(device)).toEqual(await stored(aldis, ann, id));
    }
    await expect(device.page.getByText('unread')).toHaveCount(0);
  }
  await expect(laptop.conversation('Harbour')).toContainText('Draft: half a thought');
  expect((await aldis.messages(ann, direct.id)).map(({ text }) => text)).toEqual([
    'Good morning',
    'To you alone',
    'Back again',
  ]);
  await Promise.all([his, laptop, tablet].map(({ page }) => page.context().close()));
  gate.end();
});

test('a wrong password, a wrong code and a taken name are explained where they happen', async ({
  aldis,
  page,
}) => {
  const ann = await aldis.person('ann');
  await page.goto(`${aldis.url}/login`);
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('alert')).toHaveText('That username and password do not match.');

  await page.getByRole('link', { name: 'Create an account' }).click();
  await page.getByLabel('Name (optional)').waitFor();
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('Use at least 8 characters.')).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill('long enough');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('This username is taken.')).toBeVisible();
  await page.getByLabel('Username').fill(`${ann.username}.two`);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Six-digit code').fill('000000');
  await expect(page.getByRole('alert')).toHaveText('That is not the code, or it is no longer valid.');
});

test('a session that was ended elsewhere leads to the login with an explanation, and back', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const context = await browser.newContext({ baseURL: aldis.url });
  const page = await context.newPage();
  await page.goto(`/@${bob.username}`);
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill(ann.password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('heading', { name: 'Bob' })).toBeVisible();
  const { token } = await page.evaluate(
    () => JSON.parse(localStorage.getItem('aldis:session')!) as { token: string },
  );
  await aldis.call('POST', '/auth/logout', undefined, token);
  await expect(page.getByText('Your session has ended')).toBeVisible();
  await context.close();
});
