import { Aldis, say } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, expectKept, installed, Messenger, test } from '../../support/web.ts';

test('5. without a server the client opens, with all that was seen before', async ({ browser }) => {
  const aldis = await Aldis.start();
  const people = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [ann, bob, cat] = people;
  for (const other of [bob, cat]) {
    const socket = await aldis.connect(other);
    await say(socket, { receiver: ann.username, text: `Hello from ${other.user.displayName}` });
    socket.close();
  }
  const page = await browserOf(browser, aldis, ann, { serviceWorkers: 'allow' });
  const messenger = new Messenger(page);
  for (const [before, { username, user }] of [bob, cat].entries()) {
    await messenger.open(username);
    await expect(messenger.message(`Hello from ${user.displayName}`)).toBeVisible();
    // Before the next page: what is being written when a page goes is not kept.
    await expectKept(messenger, ann, before + 1);
  }
  await installed(page);

  await aldis.kill();
  await page.goto('/');
  await expect(messenger.banner).toBeVisible();
  for (const { user } of [bob, cat]) {
    await messenger.conversation(user.displayName).click();
    await expect(messenger.message(`Hello from ${user.displayName}`)).toBeVisible();
  }
  // Even by its address, and what is written waits.
  await messenger.open(bob.username);
  await messenger.send('From the dark');
  await expect(messenger.tick('From the dark', 'Waiting to be sent')).toBeVisible();
  await aldis.restart();
  await expect(messenger.tick('From the dark', 'Sent')).toBeVisible();
  await page.context().close();
  await aldis.end();
});

test('a new version says so, calmly, and is there after a reload', async ({ aldis, browser }) => {
  const gate = await Gate.before(aldis.url);
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann, { serviceWorkers: 'allow', baseURL: gate.url });
  await page.goto('/');
  await installed(page);
  const notice = page.getByText('A new version of Aldis is ready.');
  await expect(notice).toBeHidden();

  // The server comes back with another client in it: another list of files, from which the worker knows a
  // version.
  gate.rewrite = {
    path: '/ngsw.json',
    text: (text) => JSON.stringify({ ...JSON.parse(text), timestamp: 1 }),
  };
  gate.close();
  await expect(page.getByText('No connection.')).toBeVisible();
  gate.open();
  await expect(notice).toBeVisible({ timeout: 15_000 });
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(notice).toBeHidden();
  await expect(page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
  await page.context().close();
  gate.end();
});
