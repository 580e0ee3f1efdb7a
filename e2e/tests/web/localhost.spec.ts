// At http://localhost, which the README names, the network of the browser says nothing of the way to the
// server.
import type { BrowserContext } from '@playwright/test';

import { type Aldis, type Person } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

const byName = (url: string) => url.replace('127.0.0.1', 'localhost');

const couple = async (aldis: Aldis): Promise<[Person, Person]> => [
  await aldis.person('ann', 'Ann'),
  await aldis.person('bob', 'Bob'),
];

/** What a browser does when its network comes or goes, whatever becomes of connections. */
const say = (messenger: Messenger, event: 'offline' | 'online') =>
  messenger.page.evaluate((name) => dispatchEvent(new Event(name)), event);

const told = (messenger: Messenger, text: string) =>
  expect(messenger.tick(text, 'Sent')).toBeVisible({ timeout: 5_000 });

async function blink(context: BrowserContext, meanwhile: () => Promise<void>): Promise<void> {
  await context.setOffline(true);
  await meanwhile();
  await context.setOffline(false);
}

test('a blink of the network leaves no banner, and what was written meanwhile is sent', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await couple(aldis);
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { baseURL: byName(aldis.url) }));
  await messenger.open(bob.username);
  await messenger.send('Before');
  await told(messenger, 'Before');
  for (const text of ['First', 'Second']) {
    await blink(messenger.page.context(), () => messenger.send(text));
    await told(messenger, text);
    await expect(messenger.banner).toBeHidden();
  }
  await messenger.page.context().close();
});

test('where the browser says that the network is gone, and the server answers, one goes on', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await couple(aldis);
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { baseURL: byName(aldis.url) }));
  await messenger.open(bob.username);
  await messenger.send('Before');
  await told(messenger, 'Before');
  await say(messenger, 'offline');
  await messenger.send('Meanwhile');
  await told(messenger, 'Meanwhile');
  await expect(messenger.banner).toBeHidden();
  await say(messenger, 'online');
  await messenger.send('After');
  await told(messenger, 'After');
  await expect(messenger.banner).toBeHidden();
  await messenger.page.context().close();
});

test('where the line is dead the banner comes, and goes once the server answers again', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await couple(aldis);
  const gate = await Gate.before(aldis.url);
  const messenger = new Messenger(await browserOf(browser, aldis, ann, { baseURL: byName(gate.url) }));
  await messenger.open(bob.username);
  await messenger.send('Before');
  await told(messenger, 'Before');
  gate.freeze();
  await say(messenger, 'offline');
  await messenger.send('Meanwhile');
  await expect(messenger.banner).toBeVisible({ timeout: 2_000 });
  await expect(messenger.tick('Meanwhile', 'Waiting to be sent')).toBeVisible();
  gate.open();
  await say(messenger, 'online');
  await told(messenger, 'Meanwhile');
  await expect(messenger.banner).toBeHidden();
  await messenger.page.context().close();
  gate.end();
});
