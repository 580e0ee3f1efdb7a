// The browser's storage may fail, hang, be lost under the page, be full, or be forbidden: one writes and
// reads all the same, and is told what is not kept.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from '@playwright/test';

import { type Aldis, type Person, say } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { browserOf, expect, expectKept, Messenger, test } from '../../support/web.ts';

const NOT_KEPT = /Nothing is kept on this device/;

interface Broken {
  broken: boolean;
}

/** Databases do not open while `broken` is set in the page. */
const fails = () => {
  const state = Object.assign(window as unknown as Broken, { broken: true });
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...parameters) {
    if (state.broken) throw new DOMException('Internal error opening backing store.', 'UnknownError');
    return open.apply(this, parameters);
  };
};

/** Databases that are opened while `broken` is set in the page never say anything. */
const hangs = () => {
  const state = Object.assign(window as unknown as Broken, { broken: true });
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...parameters) {
    return state.broken ? (new EventTarget() as IDBOpenDBRequest) : open.apply(this, parameters);
  };
};

/** An open database never says that something is done, and writes nothing. */
const stalls = () => {
  IDBRequest.prototype.addEventListener = function (
    ...parameters: Parameters<EventTarget['addEventListener']>
  ) {
    if (this instanceof IDBOpenDBRequest) EventTarget.prototype.addEventListener.apply(this, parameters);
  };
  IDBTransaction.prototype.addEventListener = () => undefined;
  IDBObjectStore.prototype.put = function () {
    return this.count() as IDBRequest;
  };
};

/** While `broken` is set in the page the disk is full, until messages are deleted from it. */
const fills = () => {
  const state = Object.assign(window as unknown as Broken, { broken: false });
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...parameters) {
    if (state.broken) throw new DOMException('No room.', 'QuotaExceededError');
    return put.apply(this, parameters);
  };
  const remove = IDBObjectStore.prototype.delete;
  IDBObjectStore.prototype.delete = function (...parameters) {
    if (this.name === 'messages') state.broken = false;
    return remove.apply(this, parameters);
  };
};

/** Databases open, and nothing can be written into them; how many were opened is counted. */
const decays = () => {
  const state = Object.assign(window as unknown as { opened: number }, { opened: 0 });
  const open = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...parameters) {
    state.opened++;
    return open.apply(this, parameters);
  };
  IDBObjectStore.prototype.put =
    IDBObjectStore.prototype.clear =
    IDBObjectStore.prototype.delete =
      () => {
        throw new DOMException('Internal error.', 'UnknownError');
      };
};

/** How many messages a browser keeps. */
const messagesKept = (name: string) =>
  new Promise<number>((resolve) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => {
      const counting = opening.result.transaction('messages').objectStore('messages').count();
      counting.onsuccess = () => {
        opening.result.close();
        resolve(counting.result);
      };
    };
  });

async function couple(
  aldis: Aldis,
  browser: Browser,
  init?: () => void,
  options?: BrowserContextOptions,
): Promise<[Messenger, Person, Person]> {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const page = await browserOf(browser, aldis, ann, options);
  if (init) await page.addInitScript(init);
  return [new Messenger(page), ann, bob];
}

/** Both ways. */
async function talk(
  aldis: Aldis,
  messenger: Messenger,
  [ann, bob]: [Person, Person],
  text: string,
): Promise<void> {
  await messenger.send(text);
  await expect(messenger.message(text).getByRole('img', { name: /^(Sent|Delivered|Read)$/ })).toBeVisible({
    timeout: 10_000,
  });
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: `Aye, ${text}` });
  socket.close();
  await expect(messenger.message(`Aye, ${text}`)).toBeVisible();
}

/**
 * The texts that the browser's database has, which may not be there yet: it is left to the page to make it.
 */
const stored = (page: Page, name: string) =>
  page.evaluate(
    (name) =>
      new Promise<string[]>((resolve) => {
        const opening = indexedDB.open(name);
        opening.onupgradeneeded = () => opening.transaction!.abort();
        opening.onerror = () => resolve([]);
        opening.onsuccess = () => {
          const database = opening.result;
          const reading = database.transaction('messages').objectStore('messages').getAll();
          reading.onsuccess = () => {
            database.close();
            resolve((reading.result as { text: string }[]).map(({ text }) => text));
          };
        };
      }),
    name,
  );

for (const [what, init] of [
  ['does not open', fails],
  ['never answers', hangs],
] as const) {
  test(`a database that ${what} stops nobody, is said, and is used once it can be`, async ({
    aldis,
    browser,
  }) => {
    const gate = await Gate.before(aldis.url);
    const [messenger, ann, bob] = await couple(aldis, browser, init, { baseURL: gate.url });
    const { page } = messenger;
    await messenger.open(bob.username);
    await talk(aldis, messenger, [ann, bob], 'in the dark');
    await expect(page.getByText(NOT_KEPT)).toBeVisible({ timeout: 10_000 });

    // What is not sent yet waits over a reload all the same. A page that is left is not offline any more where the
    // browser only plays that it is: it would send it then.
    gate.close();
    await expect(messenger.banner).toBeVisible();
    await messenger.send('without a line');
    await expect(messenger.tick('without a line', 'Waiting to be sent')).toBeVisible();
    await page.reload();
    await messenger.composer.waitFor();
    await expect(messenger.tick('without a line', 'Waiting to be sent')).toBeVisible({ timeout: 10_000 });
    await page.close();
    gate.open();
    const again = new Messenger(await page.context().newPage());
    await again.page.addInitScript(init);
    await again.open(bob.username);
    await expect(
      again.message('without a line').getByRole('img', { name: /^(Sent|Delivered|Read)$/ }),
    ).toBeVisible({ timeout: 10_000 });

    if (init === hangs) {
      await page.context().close();
      return gate.end();
    }
    await again.page.evaluate(() => Object.assign(window, { broken: false }));
    await expect(again.page.getByText(NOT_KEPT)).toBeHidden({ timeout: 15_000 });
    await talk(aldis, again, [ann, bob], 'in the light');
    await expect
      .poll(() => stored(again.page, `aldis:${ann.username}`))
      .toEqual(
        expect.arrayContaining(['in the dark', 'without a line', 'in the light', 'Aye, in the light']),
      );
    await page.context().close();
    gate.end();
  });
}

test('a database whose transactions never end stops nobody', async ({ aldis, browser }) => {
  const [messenger, ann, bob] = await couple(aldis, browser, stalls);
  await messenger.open(bob.username);
  await talk(aldis, messenger, [ann, bob], 'first');
  await talk(aldis, messenger, [ann, bob], 'second');
  await expect(messenger.page.getByText(NOT_KEPT)).toBeVisible({ timeout: 10_000 });
  await messenger.page.context().close();
});

test('a database that opens and takes nothing stops nobody, is said, and is not opened without end', async ({
  aldis,
  browser,
}) => {
  const [messenger, ann, bob] = await couple(aldis, browser, decays);
  await messenger.open(bob.username);
  await talk(aldis, messenger, [ann, bob], 'first');
  await talk(aldis, messenger, [ann, bob], 'second');
  await expect(messenger.page.getByText(NOT_KEPT)).toBeVisible({ timeout: 10_000 });
  expect(await messenger.page.evaluate(() => (window as unknown as { opened: number }).opened)).toBeLessThan(
    10,
  );
  await messenger.page.context().close();
});

test('a database that a newer version took over in another tab is missed, said, and a reload helps', async ({
  aldis,
  browser,
}) => {
  const [messenger, ann, bob] = await couple(aldis, browser);
  const { page } = messenger;
  await messenger.open(bob.username);
  await talk(aldis, messenger, [ann, bob], 'before');
  const other = await page.context().newPage();
  await other.goto('/livez');
  await other.evaluate(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(name, 99);
        opening.onsuccess = () => resolve();
        opening.onblocked = () => reject(new Error('the page does not let go of it'));
      }),
    `aldis:${ann.username}`,
  );
  await talk(aldis, messenger, [ann, bob], 'after');
  await expect(page.getByText(NOT_KEPT)).toBeVisible();
  await expect(page.getByText(/newer version/)).toBeVisible();
  // It stays newer: a page that begins with it goes on without.
  await page.getByRole('button', { name: 'Reload' }).click();
  await expect(messenger.message('after')).toBeVisible();
  await talk(aldis, messenger, [ann, bob], 'anew');
  await page.context().close();
});

test('everything that this site stored is cleared under the page, which goes on and keeps again', async ({
  aldis,
  browser,
}) => {
  const [messenger, ann, bob] = await couple(aldis, browser);
  const { page } = messenger;
  await messenger.open(bob.username);
  await talk(aldis, messenger, [ann, bob], 'before');
  await expectKept(messenger, ann, 1);
  const developer = await page.context().newCDPSession(page);
  await developer.send('Storage.clearDataForOrigin', { origin: aldis.url, storageTypes: 'indexeddb' });
  await talk(aldis, messenger, [ann, bob], 'after');
  await expect(page.getByText(NOT_KEPT)).toBeHidden();
  // What is in memory is kept again, too, without a gap.
  await expect
    .poll(() => stored(page, `aldis:${ann.username}`))
    .toEqual(['before', 'Aye, before', 'after', 'Aye, after']);
  await expectKept(messenger, ann, 1);
  await page.context().close();
});

test('a full disk is said at the message, and stops nobody', async ({ aldis, browser }) => {
  const [messenger, ann, bob] = await couple(aldis, browser);
  const { page } = messenger;
  // Before anything is stored: the browser looks at the room that is left now and then only.
  const developer = await page.context().newCDPSession(page);
  await developer.send('Storage.overrideQuotaForOrigin', { origin: aldis.url, quotaSize: 1 });
  await messenger.open(bob.username);
  await talk(aldis, messenger, [ann, bob], 'before');
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible();
  await messenger.send('without room');
  await expect(messenger.message('without room')).toContainText('Not kept on this device');
  await expect(page.locator('.connection')).toContainText('leave this page open');
  await page.context().setOffline(false);
  await expect(
    messenger.message('without room').getByRole('img', { name: /^(Sent|Delivered|Read)$/ }),
  ).toBeVisible();
  await expect(messenger.message('without room')).not.toContainText('Not kept');
  await talk(aldis, messenger, [ann, bob], 'after');
  await page.context().close();
});

test('a full disk lets go of old messages, and keeps what one writes', async ({ aldis, browser }) => {
  const [messenger, ann, bob] = await couple(aldis, browser, fills);
  const { page } = messenger;
  const socket = await aldis.connect(bob);
  await say(socket, { receiver: ann.username, text: 'the first' });
  await messenger.open(bob.username);
  for (let number = 1; number < 250; number++)
    await say(socket, { receiver: ann.username, text: `message ${number}` });
  await expect(messenger.message('message 249')).toBeVisible();
  await expect.poll(() => page.evaluate(messagesKept, `aldis:${ann.username}`)).toBe(250);
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible();
  await page.evaluate(() => Object.assign(window, { broken: true }));
  await messenger.send('for lack of room');
  await expect(messenger.message('for lack of room').getByRole('img', { name: /^Waiting/ })).toBeVisible();
  await expect.poll(() => page.evaluate(messagesKept, `aldis:${ann.username}`)).toBe(200);
  await expect(messenger.message('for lack of room')).not.toContainText('Not kept');
  // It outlives the page, and what is not kept comes from the server.
  await page.context().setOffline(false);
  await expect(messenger.tick('for lack of room', 'Sent')).toBeVisible();
  await aldis.readAll(ann);
  await page.reload();
  await expect(messenger.message('for lack of room')).toHaveCount(1);
  await expect(async () => {
    await page.locator('.scroller').evaluate((list) => list.scrollTo(0, 0));
    await expect(messenger.message('the first')).toBeVisible({ timeout: 500 });
  }).toPass();
  socket.close();
  await page.context().close();
});

test('a tab that crashes right after Enter loses nothing, whether or not its database was quick', async ({
  aldis,
  browser,
}) => {
  const [messenger, ann, bob] = await couple(aldis, browser);
  const { page: last } = messenger;
  const texts = Array.from({ length: 6 }, (_, index) => `Words ${index + 1}`);
  for (const [index, text] of texts.entries()) {
    const page = await last.context().newPage();
    const one = new Messenger(page);
    await page.routeWebSocket('**/socket.io/**', () => undefined);
    await page.route('**/socket.io/**', () => undefined);
    if (index % 2 === 0) await page.addInitScript(stalls);
    await one.open(bob.username);
    await one.composer.fill(text);
    const developer = await last.context().newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    await page.evaluate(
      () =>
        void document.querySelector('.composer')!.dispatchEvent(new Event('submit', { cancelable: true })),
    );
    developer.send('Page.crash').catch(() => undefined);
    await crashed;
    await page.close();
  }
  await messenger.open(bob.username);
  const said = async () => {
    const [conversation] = await aldis.conversations(ann);
    return conversation ? (await aldis.messages(ann, conversation.id)).map(({ text }) => text) : [];
  };
  await expect.poll(said, { timeout: 10_000 }).toEqual(texts);
  await expect(messenger.composer).toHaveValue('');
  await last.context().close();
});

/** A browser in which all cookies are blocked, which forbids every kind of storage. */
async function forbidding(aldis: Aldis, use: (page: Page) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'aldis-browser-'));
  await mkdir(join(folder, 'Default'));
  await writeFile(
    join(folder, 'Default', 'Preferences'),
    JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }),
  );
  const { executablePath, args } = {
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  };
  const context = await chromium.launchPersistentContext(folder, {
    baseURL: aldis.url,
    executablePath,
    args,
  });
  await use(await context.newPage());
  await context.close();
  await rm(folder, { recursive: true, force: true });
}

test('where all storage is forbidden one can log in and talk, and is told what is not kept', async ({
  aldis,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  await forbidding(aldis, async (page) => {
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    await page.goto(`/@${bob.username}`);
    expect(
      await page.evaluate(() => typeof Reflect.getOwnPropertyDescriptor(window, 'localStorage') && 'there'),
    ).toBe('there');
    const access = () =>
      page.evaluate(() => {
        try {
          return String(window.localStorage);
        } catch (error) {
          return (error as Error).name;
        }
      });
    expect(await access()).toBe('SecurityError');
    await page.getByLabel('Username').fill(ann.username);
    await page.getByLabel('Password', { exact: true }).fill(ann.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    const messenger = new Messenger(page);
    await messenger.composer.waitFor();
    await expect(page.getByText('This browser lets Aldis keep nothing.')).toBeVisible();
    await talk(aldis, messenger, [ann, bob], 'no cookies');
    await messenger.composer.fill('a draft');
    await page.keyboard.press('Control+,');
    await page.getByRole('button', { name: 'Appearance' }).click();
    await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Account of Ann' }).click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
    expect(errors).toEqual([]);
  });
});

test('59. what is kept on this device is shown, and can be let go of', async ({ aldis, browser }) => {
  const [messenger, ann, bob] = await couple(aldis, browser);
  const { page } = messenger;
  const socket = await aldis.connect(bob);
  for (let number = 0; number < 150; number++)
    await say(socket, { receiver: ann.username, text: `message ${number}` });
  await aldis.readAll(ann);
  await messenger.open(bob.username);
  const toTheBeginning = () =>
    expect(async () => {
      await page.locator('.scroller').evaluate((list) => list.scrollTo(0, 0));
      await expect(messenger.message('message 0')).toBeVisible({ timeout: 500 });
    }).toPass();
  await toTheBeginning();
  await expect.poll(() => page.evaluate(messagesKept, `aldis:${ann.username}`)).toBe(150);
  await messenger.composer.fill('a draft');
  await page.getByRole('button', { name: 'Account of Ann' }).click();
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Storage' }).click();
  await expect(page.getByText(/^About [\d.,]+ [kM]B$/)).toBeVisible();
  // Without a connection it would leave nothing to read.
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeAttached();
  await page.getByRole('button', { name: 'Clear messages and pictures' }).click();
  await expect(page.getByText('Nothing would be left to read')).toBeVisible();
  await page.context().setOffline(false);
  // The sentence above speaks of it, too.
  await expect(page.getByText(/^\s*No connection\./)).toHaveCount(0);
  const loaded = page.waitForEvent('load');
  await page.getByRole('button', { name: 'Clear messages and pictures' }).click();
  await loaded;
  await expect(messenger.message('message 149')).toBeVisible();
  await expect(messenger.composer).toHaveValue('a draft');
  // What is seen, and no more.
  await expect.poll(() => page.evaluate(messagesKept, `aldis:${ann.username}`)).toBeLessThan(100);
  await toTheBeginning();
  socket.close();
  await page.context().close();
});

test('what is let go of in one tab is missed in no other', async ({ aldis, browser }) => {
  const [messenger, ann, bob] = await couple(aldis, browser);
  const { page } = messenger;
  const socket = await aldis.connect(bob);
  for (let number = 0; number < 150; number++)
    await say(socket, { receiver: ann.username, text: `message ${number}` });
  await aldis.readAll(ann);
  await messenger.open(bob.username);
  await expect(messenger.message('message 149')).toBeVisible();
  await expectKept(messenger, ann, 1);
  const tab = await page.context().newPage();
  await tab.goto('/');
  await tab.getByRole('button', { name: 'Account of Ann' }).click();
  await tab.getByRole('button', { name: 'Settings' }).click();
  await tab.getByRole('button', { name: 'Storage' }).click();
  const loaded = tab.waitForEvent('load');
  await tab.getByRole('button', { name: 'Clear messages and pictures' }).click();
  await loaded;
  // The pages above what this tab has in its memory come, and are kept.
  await expect(async () => {
    await page.locator('.scroller').evaluate((list) => list.scrollTo(0, 0));
    await expect(messenger.message('message 0')).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect.poll(() => page.evaluate(messagesKept, `aldis:${ann.username}`)).toBeGreaterThan(60);
  await page.close();
  // What lies between them and the end is not missing where the chat is opened from what is kept.
  const again = new Messenger(tab);
  await tab.reload();
  await again.conversation('Bob').click();
  await expect(again.message('message 149')).toBeVisible();
  socket.close();
  await tab.context().close();
});
