import { Aldis } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('an expired token is renewed once for all tabs, and nobody notices', async ({ browser }) => {
  const aldis = await Aldis.start(['--token-lifetime', '3s']);
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const gate = await Gate.before(aldis.url);
  const first = new Messenger(await browserOf(browser, aldis, ann, { baseURL: gate.url }));
  const second = new Messenger(await first.page.context().newPage());
  const token = () =>
    first.page.evaluate(
      () => (JSON.parse(localStorage.getItem('aldis:session')!) as { token: string }).token,
    );
  await first.open(bob.username);
  await second.open(bob.username);
  await first.send('Before');
  await expect(second.message('Before')).toBeVisible();

  gate.close();
  await expect(first.banner).toBeVisible();
  await expect(second.banner).toBeVisible();
  const old = await token();
  const refused = () =>
    fetch(`${aldis.url}/api/conversations`, { headers: { authorization: `Bearer ${old}` } }).then(
      ({ status }) => status,
    );
  await expect.poll(refused).toBe(401);
  gate.open();
  await expect(first.banner).toBeHidden();
  await expect(second.banner).toBeHidden();
  expect(await token()).not.toBe(old);
  await second.send('After');
  await expect(first.message('After')).toBeVisible();
  await first.page.context().close();
  gate.end();
  await aldis.end();
});

test('two tabs write at the same time, and everything is sent once', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const gate = await Gate.before(aldis.url);
  const first = new Messenger(await browserOf(browser, aldis, ann, { baseURL: gate.url }));
  const second = new Messenger(await first.page.context().newPage());
  await first.open(bob.username);
  await second.open(bob.username);
  gate.close();
  await expect(second.banner).toBeVisible();
  for (let index = 1; index <= 4; index++) {
    await first.send(`First ${index}`);
    await second.send(`Second ${index}`);
  }
  // What waits in one tab is seen in the other.
  await expect(first.messages).toHaveCount(8);
  await expect(second.messages).toHaveCount(8);
  gate.open();
  await expect(first.page.getByRole('img', { name: 'Waiting to be sent' })).toHaveCount(0);
  await expect(second.page.getByRole('img', { name: 'Waiting to be sent' })).toHaveCount(0);
  const [conversation] = await aldis.conversations(ann);
  const texts = (await aldis.messages(ann, conversation!.id)).map(({ text }) => text);
  expect(texts.filter((text) => text.startsWith('First'))).toEqual(
    [1, 2, 3, 4].map((index) => `First ${index}`),
  );
  expect(texts.filter((text) => text.startsWith('Second'))).toEqual(
    [1, 2, 3, 4].map((index) => `Second ${index}`),
  );
  expect(texts).toHaveLength(8);
  await expect(first.messages).toHaveCount(8);
  await expect(second.messages).toHaveCount(8);
  await first.page.context().close();
  gate.end();
});

test('the theme follows the system until one is chosen, and the choice is remembered', async ({
  aldis,
  browser,
}) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann, { colorScheme: 'dark' });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto('/');
  const dark = await background();
  await page.emulateMedia({ colorScheme: 'light' });
  const light = await background();
  expect(light).not.toBe(dark);
  const choices = async () => {
    await page.getByRole('button', { name: 'Account of Ann' }).waitFor();
    await page.keyboard.press('Control+,');
    await page.getByRole('button', { name: 'Appearance' }).click();
  };
  await choices();
  await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
  expect(await background()).toBe(dark);
  await page.reload();
  expect(await background()).toBe(dark);
  await choices();
  await page.getByRole('radio', { name: 'System' }).check({ force: true });
  expect(await background()).toBe(light);
  await page.context().close();
});

test('an answer to a refresh that got lost logs nobody out', async ({ browser }) => {
  const aldis = await Aldis.start(['--token-lifetime', '2s']);
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  let lost = 0;
  await page.route('/auth/refresh', async (route) => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    await route.abort();
  });
  const { token } = await aldis.login(ann.username);
  await expect
    .poll(() => aldis.request('GET', '/api/conversations', undefined, token).then(({ status }) => status))
    .toBe(401);
  await messenger.open(bob.username);
  await messenger.send('Still here');
  await expect(messenger.tick('Still here', 'Sent')).toBeVisible({ timeout: 10_000 });
  expect(lost).toBeGreaterThan(1);
  await expect(page.getByRole('button', { name: 'Account of Ann' })).toBeVisible();
  await page.context().close();
  await aldis.end();
});

test('three tabs over plain HTTP, where browsers have no locks, outlive a restart with tokens that expired', async ({
  browser,
}) => {
  const aldis = await Aldis.start(['--token-lifetime', '2s']);
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann);
  await page.context().addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'locks'));
  const tabs = [
    new Messenger(page),
    new Messenger(await page.context().newPage()),
    new Messenger(await page.context().newPage()),
  ];
  for (const tab of tabs) await tab.open(bob.username);
  expect(await page.evaluate(() => 'locks' in navigator)).toBe(false);
  await tabs[0]!.send('Before');
  for (const tab of tabs) await expect(tab.message('Before')).toBeVisible();
  await aldis.stop();
  for (const tab of tabs) await expect(tab.banner).toBeVisible();
  const { token } = await page.evaluate(
    () => JSON.parse(localStorage.getItem('aldis:session')!) as { token: string },
  );
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as { exp: number };
  await expect.poll(() => Date.now() / 1_000 > exp).toBe(true);
  await aldis.restart();
  for (const tab of tabs) await expect(tab.banner).toBeHidden({ timeout: 10_000 });
  for (const [index, tab] of tabs.entries()) {
    await tab.send(`From tab ${index}`);
    await expect(tab.tick(`From tab ${index}`, 'Sent')).toBeVisible();
  }
  await page.context().close();
  await aldis.end();
});

test('a full local storage costs drafts, not the session', async ({ browser }) => {
  const aldis = await Aldis.start(['--token-lifetime', '2s']);
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann);
  await page.goto('/livez');
  await page.evaluate((username) => {
    // Shorter than what a refresh gives, and then not a byte is left.
    const { token, refreshToken, user } = JSON.parse(localStorage.getItem('aldis:session')!) as Record<
      string,
      unknown
    >;
    localStorage.setItem('aldis:session', JSON.stringify({ token, refreshToken, user, expiresAt: '' }));
    let size = 5_300_000;
    for (let text = ''; size >= 1;) {
      try {
        localStorage.setItem(`aldis:draft:${username}:@full`, text + 'x'.repeat(size));
        text += 'x'.repeat(size);
      } catch {
        size = Math.floor(size / 2);
      }
    }
  }, ann.username);
  const stored = () =>
    page.evaluate(() => JSON.parse(localStorage.getItem('aldis:session')!) as { token: string });
  const { token } = await stored();
  await expect
    .poll(() => aldis.request('GET', '/api/conversations', undefined, token).then(({ status }) => status))
    .toBe(401);
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  await messenger.send('Room enough');
  await expect(messenger.tick('Room enough', 'Sent')).toBeVisible();
  expect((await stored()).token).not.toBe(token);
  await page.context().close();
  await aldis.end();
});

test('what the server says of a refresh is said on the login page', async ({ browser }) => {
  const aldis = await Aldis.start(['--token-lifetime', '2s']);
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  const refused = {
    type: 'about:blank',
    title: '',
    status: 401,
    detail: 'Log in again.',
    code: 'refresh_invalid',
    retryable: false,
  };
  await page.route('/auth/refresh', (route) =>
    route.fulfill({ status: 401, contentType: 'application/problem+json', body: JSON.stringify(refused) }),
  );
  const { token } = await aldis.login(ann.username);
  await expect
    .poll(() => aldis.request('GET', '/api/conversations', undefined, token).then(({ status }) => status))
    .toBe(401);
  await page.goto('/');
  await expect(page.getByText('Your session has ended: it could not be renewed.')).toBeVisible();
  await page.context().close();
  await aldis.end();
});
