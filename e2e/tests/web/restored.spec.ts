import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Aldis, PASSWORD, say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

test('36. a server is put back from a backup: nothing of the lost future is shown, and nothing new is hidden', async ({
  browser,
}) => {
  const aldis = await Aldis.start();
  const backup = await mkdtemp(join(tmpdir(), 'aldis-backup-'));
  const [ann, bob, cat] = [
    await aldis.person('ann', 'Ann'),
    await aldis.person('bob', 'Bob'),
    await aldis.person('cat', 'Cat'),
  ];
  const bobSays = async (text: string) => {
    const socket = await aldis.connect(bob);
    await say(socket, { receiver: ann.username, text });
    socket.close();
  };
  await bobSays('Before the backup');
  // Her session is in the backup, too.
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  await hers.open(bob.username);
  await expect(hers.message('Before the backup')).toBeVisible();
  await aldis.stop();
  await cp(aldis.data, backup, { recursive: true });
  await aldis.restart();
  for (let number = 1; number <= 5; number++) await bobSays(`Lost ${number}`);
  await hers.send('Lost, too');
  await expect(hers.tick('Lost, too', 'Delivered').or(hers.tick('Lost, too', 'Sent'))).toBeVisible();
  const hello = await aldis.connect(cat);
  await say(hello, { receiver: ann.username, text: 'A conversation that will not have been' });
  hello.close();
  await expect(hers.conversation('Cat')).toBeVisible();

  await aldis.stop();
  await rm(aldis.data, { recursive: true });
  await cp(backup, aldis.data, { recursive: true });
  await expect(hers.banner).toBeVisible();
  await hers.send('Written meanwhile');
  await aldis.restart();

  await expect(hers.message('Written meanwhile')).toBeVisible();
  await expect(hers.tick('Written meanwhile', 'Sent')).toBeVisible({ timeout: 20_000 });
  await expect(hers.message('Before the backup')).toBeVisible();
  await expect(hers.message('Lost 5')).toBeHidden();
  await expect(hers.conversation('Cat')).toBeHidden();
  await bobSays('After the backup');
  await expect(hers.message('After the backup')).toBeVisible();
  await expect(hers.conversation('Bob')).toContainText('After the backup');
  await expect(hers.messages).toHaveCount(3);

  // What this browser holds is of the log that there is.
  await hers.page.reload();
  await expect(hers.message('After the backup')).toBeVisible();
  await expect(hers.messages).toHaveCount(3);
  await hers.page.goto('/');
  await bobSays('Unread');
  await expect(hers.conversation('Bob').getByText('1 unread')).toBeVisible();

  await hers.page.context().close();
  await aldis.end();
  await rm(backup, { recursive: true });
});

test('36. a server is installed anew, and its people register under the same names: what was not sent goes to nobody', async ({
  browser,
}) => {
  const aldis = await Aldis.start();
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const hers = new Messenger(await browserOf(browser, aldis, ann));
  await hers.open(bob.username);
  await hers.send('For the Bob of then');
  await expect(hers.tick('For the Bob of then', 'Sent')).toBeVisible();
  await aldis.stop();
  await expect(hers.banner).toBeVisible();
  await hers.send('For no other Bob');
  await expect(hers.tick('For no other Bob', 'Waiting to be sent')).toBeVisible();

  await rm(aldis.data, { recursive: true });
  await aldis.restart();
  for (const { username } of [ann, bob]) {
    await aldis.call('POST', '/auth/register', { username, password: PASSWORD });
    await aldis.call('POST', '/auth/verify', { username, otp: '123456' });
  }
  const log = (username: string) =>
    aldis.call<{ token: string }>('POST', '/auth/login', { username, password: PASSWORD });
  await hers.page.getByRole('heading', { name: 'Log in' }).waitFor();
  await hers.page.getByLabel('Username').fill(ann.username);
  await hers.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await hers.page.getByRole('button', { name: 'Log in' }).click();
  await expect(hers.page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
  await hers.open(bob.username);
  await expect(hers.messages).toHaveCount(0);
  await hers.send('For the Bob of today');
  await expect(hers.tick('For the Bob of today', 'Sent')).toBeVisible();
  const [conversation] = await aldis.conversations(await log(bob.username));
  const messages = await aldis.messages(await log(bob.username), conversation!.id);
  expect(messages.map(({ text }) => text)).toEqual(['For the Bob of today']);
  await hers.page.context().close();
  await aldis.end();
});
