import { Aldis } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('an expired token is renewed once for all tabs, and nobody notices', async ({ browser }) => {
  const aldis = await Aldis.start(['--token-lifetime', '3s']);
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const gate = await Gate.before(aldis.url);
  const first = new Messenger(await browserOf(browser, aldis, ann, { baseURL: gate.url }));
  const second = new Messenger(await first.page.context().newPage());
  const token = () => first.page.evaluate(() => (JSON.parse(localStorage.getItem('aldis:session')!) as { token: string }).token);
  await first.open(bob.username);
  await second.open(bob.username);
  await first.send('Before');
  await expect(second.message('Before')).toBeVisible();

  gate.close();
  await expect(first.banner).toBeVisible();
  await expect(second.banner).toBeVisible();
  const old = await token();
  const refused = () => fetch(`${aldis.url}/api/conversations`, { headers: { authorization: `Bearer ${old}` } }).then(({ status }) => status);
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
  expect(texts.filter((text) => text.startsWith('First'))).toEqual([1, 2, 3, 4].map((index) => `First ${index}`));
  expect(texts.filter((text) => text.startsWith('Second'))).toEqual([1, 2, 3, 4].map((index) => `Second ${index}`));
  expect(texts).toHaveLength(8);
  await expect(first.messages).toHaveCount(8);
  await expect(second.messages).toHaveCount(8);
  await first.page.context().close();
  gate.end();
});

test('the theme follows the system until one is chosen, and the choice is remembered', async ({ aldis, browser }) => {
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
