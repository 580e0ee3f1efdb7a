// What a page of an earlier version left in the browser outlives the upgrade.
import type { Page } from '@playwright/test';

import type { Aldis, Person } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test } from '../../support/web.ts';

const TEXTS = ['Written before the upgrade', 'Also before', 'The last before'];

/** The database of the versions in which the outbox was beside the cache, with messages that wait in it. */
async function leave(page: Page, { username }: Person, receiver: Person, refused?: string): Promise<void> {
  await page.goto('/livez');
  const problem = {
    code: 'blocked',
    title: 'Refused',
    detail: 'It was refused.',
    status: 403,
    type: 'about:blank',
  };
  const waiting = TEXTS.map((text, index) => ({
    clientId: `019cf000-0000-7000-8000-00000000000${index}`,
    receiver: receiver.username,
    text,
    writtenAt: Date.now(),
    ...(text === refused ? { problem: { ...problem, retryable: false } } : {}),
  }));
  await page.evaluate(
    ({ name, waiting }) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(name, 1);
        opening.onerror = () => reject(new Error('no database'));
        opening.onupgradeneeded = () => {
          const database = opening.result;
          database.createObjectStore('conversations', { keyPath: 'id' });
          database.createObjectStore('messages', { keyPath: ['conversationId', 'seq'] });
          database.createObjectStore('spans', { keyPath: 'conversationId' });
          database.createObjectStore('outbox', { keyPath: 'clientId' });
          database.createObjectStore('meta');
        };
        opening.onsuccess = () => {
          const writing = opening.result.transaction('outbox', 'readwrite');
          for (const one of waiting) writing.objectStore('outbox').put(one);
          writing.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    { name: `aldis:${username}`, waiting },
  );
}

/** Everything that was said between the two, as the server has it. */
async function said(aldis: Aldis, person: Person): Promise<string[]> {
  const [conversation] = await aldis.conversations(person);
  return conversation ? (await aldis.messages(person, conversation.id)).map(({ text }) => text) : [];
}

test('what waits to be sent is sent by the next version, once and in order', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const messenger = new Messenger(await browserOf(browser, aldis, ann));
  await leave(messenger.page, ann, bob);
  await messenger.open(bob.username);
  for (const text of TEXTS) await expect(messenger.tick(text, 'Sent')).toBeVisible();
  await messenger.send('After it');
  await expect(messenger.tick('After it', 'Sent')).toBeVisible();
  await messenger.page.reload();
  for (const text of [...TEXTS, 'After it']) await expect(messenger.message(text)).toHaveCount(1);
  expect(await said(aldis, ann)).toEqual([...TEXTS, 'After it']);
  await messenger.page.context().close();
});

test('what waits goes on waiting over the upgrade without a connection, in every tab', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const [first, refused, last] = TEXTS as [string, string, string];
  const one = new Messenger(await browserOf(browser, aldis, ann));
  const context = one.page.context();
  await leave(one.page, ann, bob, refused);
  let reached = false;
  await context.route('**/socket.io/**', (route) => (reached ? route.continue() : route.abort()));
  await context.routeWebSocket('**/socket.io/**', (socket) =>
    reached ? void socket.connectToServer() : void socket.close(),
  );
  const other = new Messenger(await context.newPage());
  await Promise.all([one, other].map((tab) => tab.open(bob.username)));
  for (const tab of [one, other]) {
    for (const text of [first, last]) await expect(tab.tick(text, 'Waiting to be sent')).toHaveCount(1);
    await expect(tab.message(refused)).toHaveCount(1);
  }

  // What is discarded is back in no tab, and not after a reload.
  await one.page.getByRole('button', { name: 'Discard' }).click();
  for (const tab of [one, other]) await expect(tab.message(refused)).toHaveCount(0);
  await other.page.close();
  // The cache goes, and what waits stays.
  await one.page.goto('/livez');
  await one.page.evaluate(
    (name) => new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done)),
    `aldis:${ann.username}`,
  );
  await one.open(bob.username);
  for (const text of [first, last]) await expect(one.tick(text, 'Waiting to be sent')).toHaveCount(1);
  await expect(one.message(refused)).toHaveCount(0);

  reached = true;
  await one.page.reload();
  for (const text of [first, last]) await expect(one.tick(text, 'Sent')).toBeVisible();
  expect(await said(aldis, ann)).toEqual([first, last]);
  await context.close();
});
