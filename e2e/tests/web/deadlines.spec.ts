// No request is waited for without an end.
import { say } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

const HISTORY = /\/messages\?/;

test('a history that does not come blocks neither another conversation nor logging out, and is given up in time', async ({
  aldis,
  browser,
}) => {
  const people = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [ann, bob, cat] = people;
  for (const other of [bob, cat]) {
    const socket = await aldis.connect(other);
    await say(socket, { receiver: ann.username, text: `From ${other.user.displayName}` });
    socket.close();
  }
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  // Without a live connection, whose return would be a reason to ask again.
  await page.routeWebSocket('**/socket.io/**', () => undefined);
  await page.route('**/socket.io/**', () => undefined);
  await page.clock.install();
  let hanging = true;
  const asked: string[] = [];
  const [first] = (await aldis.conversations(ann)).filter(({ members }) =>
    members.some(({ username }) => username === bob.username),
  );
  await page.route(HISTORY, (route) => {
    if (!hanging || !route.request().url().includes(first!.id)) return route.continue();
    asked.push(route.request().url());
  });
  await messenger.open(bob.username);
  await expect.poll(() => asked.length).toBe(1);
  await messenger.conversation('Cat').click();
  await expect(messenger.message('From Cat')).toBeVisible();
  await messenger.conversation('Bob').click();
  await page.clock.fastForward(16_000);
  await expect(page.getByText('The server cannot be reached.')).toBeVisible();
  hanging = false;
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(messenger.message('From Bob')).toBeVisible();

  hanging = true;
  await page.reload();
  await messenger.composer.waitFor();
  await page.getByRole('button', { name: 'Account of Ann' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByText('You are logged out.')).toBeVisible();
  await page.context().close();
});

test('a history that hung when the connection went is asked for again once it is back', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'From Bob' });
  socket.close();
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { baseURL: gate.url });
  const messenger = new Messenger(page);
  let asked = 0;
  await page.route(HISTORY, (route) => (asked++ === 0 ? undefined : route.continue()));
  await messenger.open(bob.username);
  await expect.poll(() => asked).toBe(1);
  gate.close();
  await expect(messenger.banner).toBeVisible();
  gate.open();
  await expect(messenger.banner).toBeHidden();
  await expect(messenger.message('From Bob')).toBeVisible({ timeout: 5_000 });
  await page.context().close();
  gate.end();
});
