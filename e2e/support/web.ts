import { type Browser, type BrowserContextOptions, expect, type Locator, type Page, test as base } from '@playwright/test';

import { Aldis, type Person } from './aldis.ts';

/** One server for all tests of a worker; tests that end it start their own. */
export const test = base.extend<object, { aldis: Aldis }>({
  aldis: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const aldis = await Aldis.start();
      await use(aldis);
      await aldis.end();
    },
    { scope: 'worker' },
  ],
});

export { expect };

export const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true };

/**
 * A browser in which this person is logged in, as after their last visit, with nothing cached. Without a service
 * worker, which would fetch past the routes that a test lays; those that are about it allow it.
 */
export async function browserOf(browser: Browser, aldis: Aldis, person: Person, options: BrowserContextOptions = {}): Promise<Page> {
  const { token, expiresAt, refreshToken, user } = await aldis.login(person.username);
  const session = JSON.stringify({ token, expiresAt, refreshToken, user });
  const storageState = { cookies: [], origins: [{ origin: options.baseURL ?? aldis.url, localStorage: [{ name: 'aldis:session', value: session }] }] };
  const context = await browser.newContext({ baseURL: aldis.url, storageState, serviceWorkers: 'block', ...options });
  return context.newPage();
}

/** The screen ends with the last of these texts, in this order, each once; what is far above is not drawn. */
export async function expectLast(messenger: Messenger, texts: string[]): Promise<void> {
  await expect(async () => {
    const shown = await messenger.texts();
    expect(shown.length).toBeGreaterThan(4);
    expect(shown).toEqual(texts.slice(-shown.length));
  }).toPass({ timeout: 5_000 });
}

/** The browser keeps at least this many conversations: what the page shows is written a moment later. */
export async function expectKept(messenger: Messenger, person: Person, conversations: number): Promise<void> {
  const kept = (username: string) =>
    new Promise<number>((resolve) => {
      const opening = indexedDB.open(`aldis:${username}`);
      opening.onsuccess = () => {
        const counting = opening.result.transaction('spans').objectStore('spans').count();
        counting.onsuccess = () => {
          opening.result.close();
          resolve(counting.result);
        };
      };
    });
  await expect.poll(() => messenger.page.evaluate(kept, person.username)).toBeGreaterThanOrEqual(conversations);
}

/** The parts of the messenger, as a person would name them. */
export class Messenger {
  constructor(readonly page: Page) {}

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message to / });
  }

  get messages(): Locator {
    return this.page.locator('.message');
  }

  get last(): Locator {
    return this.messages.last();
  }

  get banner(): Locator {
    return this.page.getByText('No connection.');
  }

  message(text: string): Locator {
    return this.messages.filter({ has: this.page.getByText(text, { exact: true }) });
  }

  conversation(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name });
  }

  async open(username: string): Promise<void> {
    await this.page.goto(`/@${username}`);
    await this.composer.waitFor();
  }

  /** Writes and sends; does not wait for the server. */
  async send(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  tick(text: string, name: string): Locator {
    return this.message(text).getByRole('img', { name, exact: true });
  }

  /** The texts on the screen, from top to bottom. */
  texts(): Promise<string[]> {
    return this.page.locator('.message .text').allInnerTexts();
  }

  /** How far the list is from its end. */
  fromEnd(): Promise<number> {
    return this.page.locator('.scroller').evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
  }
}
