import AxeBuilder from '@axe-core/playwright';
import {
  type Browser,
  type BrowserContextOptions,
  expect,
  type Locator,
  type Page,
  type Route,
  test as base,
} from '@playwright/test';

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

export const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 640 },
  hasTouch: true,
  isMobile: true,
};

/**
 * A browser in which this person is logged in, as after their last visit, with nothing cached. Without a
 * service worker, which would fetch past the routes that a test lays; those that are about it allow it.
 */
export async function browserOf(
  browser: Browser,
  aldis: Aldis,
  person: Person,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const { token, expiresAt, refreshToken, user } = await aldis.login(person.username);
  const session = JSON.stringify({ token, expiresAt, refreshToken, user });
  const storageState = {
    cookies: [],
    origins: [
      { origin: options.baseURL ?? aldis.url, localStorage: [{ name: 'aldis:session', value: session }] },
    ],
  };
  const context = await browser.newContext({
    baseURL: aldis.url,
    storageState,
    serviceWorkers: 'block',
    ...options,
  });
  return context.newPage();
}

/** As a newcomer does it: every field by its label, every step by its button. */
export async function register(page: Page, username: string, name: string, at = './'): Promise<void> {
  await page.goto(at);
  await page.getByRole('link', { name: 'Create an account' }).click();
  // The page before has a field of this name, too.
  await page.getByLabel('Name (optional)').waitFor();
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Name (optional)').fill(name);
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Create account' }).click();
  await expect(page.getByText('the code is 123456')).toBeVisible();
  await page.getByLabel('Six-digit code').fill('123456');
  await expect(page.getByRole('heading', { name: 'No conversations yet' })).toBeVisible();
}

/** Until the service worker has the whole client. */
export async function installed(page: Page): Promise<void> {
  const whole = () =>
    page.evaluate(async () => {
      if (!navigator.serviceWorker.controller) return false;
      const { scope } = (await navigator.serviceWorker.getRegistration())!;
      // Past the worker: it goes on once nothing has been asked of it for a while, but on this machine.
      const list = await fetch(`${scope}ngsw.json`, { headers: { 'ngsw-bypass': '' } });
      const { hashTable } = (await list.json()) as { hashTable: object };
      const held = await Promise.all(Object.keys(hashTable).map((path) => caches.match(scope + path)));
      return held.length > 5 && held.every(Boolean);
    });
  await expect.poll(whole, { timeout: 20_000 }).toBe(true);
}

/** The screen ends with the last of these texts, in this order, each once; what is far above is not drawn. */
export async function expectLast(messenger: Messenger, texts: string[]): Promise<void> {
  await expect(async () => {
    const shown = await messenger.texts();
    expect(shown.length).toBeGreaterThan(4);
    expect(shown).toEqual(texts.slice(-shown.length));
  }).toPass({ timeout: 5_000 });
}

/**
 * The browser keeps at least this many conversations, and how far they go: what the page shows is written a
 * moment later, and a page without a cursor begins anew.
 */
export async function expectKept(
  messenger: Messenger,
  { username }: Pick<Person, 'username'>,
  conversations: number,
  base = '',
): Promise<void> {
  const kept = (name: string) =>
    new Promise<number>((resolve) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => {
        const reading = opening.result.transaction(['spans', 'meta']);
        const spans = reading.objectStore('spans').count();
        const cursor = reading.objectStore('meta').count('cursor');
        reading.oncomplete = () => {
          opening.result.close();
          resolve(cursor.result > 0 ? spans.result : 0);
        };
      };
    });
  await expect
    .poll(() => messenger.page.evaluate(kept, `aldis${base}:${username}`))
    .toBeGreaterThanOrEqual(conversations);
}

/** Holds back requests until they are let go. */
export async function hold(
  page: Page,
  url: RegExp,
): Promise<{ count: () => number; release: () => Promise<void> }> {
  const held: Route[] = [];
  let open = false;
  await page.route(url, (route) => (open ? route.continue() : void held.push(route)));
  const release = async () => {
    open = true;
    await Promise.all(held.splice(0).map((route) => route.continue()));
  };
  return { count: () => held.length, release };
}

/** What axe complains about, once nothing fades in any more: until then a view has other colours. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => undefined))),
  );
  // The package's types come with a copy of Playwright of their own.
  const { violations } = await new AxeBuilder({ page: page as never }).analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/**
 * No sideways scroll, and whatever a finger can press is large enough; links inside a sentence may be
 * smaller.
 */
export async function fits(page: Page, where: string): Promise<void> {
  const found = await page.evaluate(() => {
    const wide = [...document.querySelectorAll('*')].filter(
      (element) =>
        element.scrollWidth > element.clientWidth + 1 &&
        ['auto', 'scroll'].includes(getComputedStyle(element).overflowX),
    );
    const small = [
      ...document.querySelectorAll<HTMLElement>('button, a[href], input, textarea, label:has(input)'),
    ].filter((element) => {
      const { width, height } = element.getBoundingClientRect();
      // Ten groups of emoji share one row, in which a finger has the whole height.
      const inSentence = element.matches('p a, p > .link-button, .emoji-groups > *');
      return (
        element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
        !element.closest('.unseen, .skip') &&
        !inSentence &&
        (width < 43.5 || height < 43.5)
      );
    });
    return {
      sideways: document.documentElement.scrollWidth > innerWidth,
      wide: wide.map(({ className }) => className),
      small: small.map(({ outerHTML }) => outerHTML.slice(0, 120)),
    };
  });
  expect(found, where).toEqual({ sideways: false, wide: [], small: [] });
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
    // By its own text: an answer quotes that of another.
    return this.messages.filter({
      has: this.page.locator('.text').and(this.page.getByText(text, { exact: true })),
    });
  }

  conversation(name: string): Locator {
    return this.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name });
  }

  /** Waits until a message is marked, which after a jump it is for a moment only. */
  async pointedOut(text: string): Promise<void> {
    await this.page.locator('aldis-message.marked').filter({ hasText: text }).waitFor();
  }

  /** The panel about the conversation. */
  get details(): Locator {
    return this.page
      .getByRole('complementary', { name: 'Details' })
      .or(this.page.getByRole('dialog', { name: 'Details' }));
  }

  /** Opens the menu of a message and chooses from it. One that the server does not have yet has none. */
  async choose(text: string, action: string): Promise<void> {
    await expect(this.tick(text, 'Waiting to be sent')).toHaveCount(0);
    await this.message(text).click({ button: 'right' });
    await this.page
      .getByRole('menu', { name: 'Message actions' })
      .getByRole(/^React with (?!another)/.test(action) ? 'menuitemcheckbox' : 'menuitem', {
        name: action,
        exact: true,
      })
      .click();
  }

  /** Chooses what to begin. */
  async begin(what: 'Message' | 'Group'): Promise<void> {
    await this.page.getByRole('button', { name: 'New', exact: true }).click();
    await this.page.getByRole('menu', { name: 'New' }).getByRole('menuitem', { name: what }).click();
  }

  async openGroup({ id }: { id: string }): Promise<void> {
    await this.page.goto(`./c/${id}`);
    await this.composer.waitFor();
  }

  async open(username: string): Promise<void> {
    await this.page.goto(`./@${username}`);
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
    return this.page
      .locator('.scroller')
      .evaluate((list) => list.scrollHeight - list.clientHeight - list.scrollTop);
  }
}
