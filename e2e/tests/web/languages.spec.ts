import { readFileSync } from 'node:fs';

import type { Browser, Page } from '@playwright/test';

import { type Aldis, say } from '../../support/aldis.ts';
import { browserOf, expect, fits, installed, Messenger, PHONE, test, violations } from '../../support/web.ts';

type Texts = Record<string, string>;

/** What the client says in a language, by the English text, and of errors by their code. */
const translation = (language: string) =>
  JSON.parse(readFileSync(`../web/public/locale/${language}.json`, 'utf8')) as {
    texts: Texts;
    errors: Texts;
  };
const textsOf = (language: string) => translation(language).texts;

/** Each with how a browser of its people asks for it. */
const LANGUAGES = { de: 'de-AT', es: 'es-MX', fr: 'fr-CA', ja: 'ja-JP', ar: 'ar-EG' };

/** The texts that the page shows or tells a screen reader, in English although they have a translation. */
async function english(page: Page, language: string): Promise<string[]> {
  const texts = textsOf(language);
  const untranslated = Object.keys(texts).filter((text) => texts[text] !== text && !text.includes('{'));
  const shown = await page.evaluate(() => {
    const names = ['aria-label', 'title', 'placeholder', 'alt'];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const all: string[] = [];
    // What is said where no script runs is in English.
    while (walker.nextNode())
      if (!walker.currentNode.parentElement!.closest('.cannot'))
        all.push(walker.currentNode.textContent!.trim());
    for (const element of document.querySelectorAll('*'))
      all.push(...names.map((name) => element.getAttribute(name) ?? ''));
    return all;
  });
  return shown.filter((text) => untranslated.includes(text));
}

async function annInGroup(browser: Browser, aldis: Aldis, options: Parameters<typeof browserOf>[3]) {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const group = await aldis.group('Crew', [bob, ann]);
  const socket = await aldis.connect(bob);
  await say(socket, { conversationId: group.id, text: 'First' });
  await say(socket, { conversationId: group.id, text: 'Second' });
  await say(socket, { receiver: ann.username, text: 'Hello' });
  socket.close();
  return { page: await browserOf(browser, aldis, ann, options), group, bob };
}

for (const [language, locale] of Object.entries(LANGUAGES))
  test(`53. everything is in the language of a browser that wants ${locale}`, async ({ aldis, browser }) => {
    const { texts, errors } = translation(language);
    const visitor = await browser.newPage({ locale, baseURL: aldis.url });
    await visitor.goto('/login');
    await expect(visitor.locator('html')).toHaveAttribute('lang', language);
    await visitor.getByLabel(texts['Username']!).fill('nobody-here');
    await visitor.getByLabel(texts['Password']!, { exact: true }).fill('wrong');
    // What the server says in English is told by its code.
    const problem = { code: 'store_damaged', detail: 'The store is damaged.', retryable: false };
    await visitor.route('**/auth/login', (route) => route.fulfill({ status: 503, json: problem }));
    await visitor.getByRole('button', { name: texts['Log in']!, exact: true }).click();
    await expect(visitor.getByText(errors['store_damaged']!)).toBeVisible();
    expect(await english(visitor, language), 'the door').toEqual([]);
    await visitor.close();

    const { page, group, bob } = await annInGroup(browser, aldis, { locale });
    const messenger = new Messenger(page);
    await page.goto('/');
    // A count has the form that the language has for it.
    const two = new Intl.PluralRules(language).select(2);
    const forms = texts['{count, plural, one {# unread} other {# unread}}']!;
    const [, form] = new RegExp(`${two} \\{([^}]*)\\}`).exec(forms)!;
    await expect(page.locator('.row', { hasText: 'Crew' })).toContainText(form!.replace('#', '2'));
    expect(await english(page, language), 'the list').toEqual([]);
    await page.goto(`/c/${group.id}`);
    await expect(messenger.last).toContainText('Second');
    await expect(page.getByPlaceholder(texts['Message']!, { exact: true })).toBeVisible();
    await messenger.last.hover();
    expect(await english(page, language), 'a chat').toEqual([]);
    await messenger.last.click({ button: 'right' });
    await expect(page.getByRole('menuitem', { name: texts['Reply']!, exact: true })).toBeVisible();
    expect(await english(page, language), 'the menu of a message').toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('.chat-details').click();
    await expect(page.locator('.details')).toContainText('@' + bob.username);
    expect(await english(page, language), 'the details').toEqual([]);
    await page.keyboard.press('Control+,');
    const sections = page.locator('.settings-nav button');
    for (let at = 0; at < (await sections.count()); at++) {
      await sections.nth(at).click();
      await expect(page.locator('.settings-section')).not.toBeEmpty();
      await expect(page.locator('.settings-section .skeleton')).toHaveCount(0);
      expect(await english(page, language), `section ${at} of the settings`).toEqual([]);
    }
    expect(await violations(page), 'the settings').toEqual([]);
    await page.context().close();
  });

test('53. Arabic runs from right to left, also on a phone', async ({ aldis, browser }) => {
  const { page, group } = await annInGroup(browser, aldis, {
    locale: 'ar',
    ...PHONE,
    reducedMotion: 'reduce',
  });
  const messenger = new Messenger(page);
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
  await expect(page.locator('.row', { hasText: 'Crew' })).toBeVisible();
  await fits(page, 'the list');
  await page.goto(`/c/${group.id}`);
  await expect(messenger.last).toContainText('Second');
  await page.locator('textarea').fill('مرحبا Ann');
  await page.locator('.send-button').tap();
  await expect(messenger.last).toContainText('مرحبا');
  await fits(page, 'a chat');
  expect(await violations(page), 'a chat').toEqual([]);
  // One's own stand where lines end, the others' where they begin.
  const bubble = async (text: string) =>
    (await page.locator('.message', { hasText: text }).locator('.bubble').boundingBox())!;
  const [own, other] = [await bubble('مرحبا'), await bubble('Second')];
  expect(own.x).toBeLessThan(40);
  expect(other.x + other.width).toBeGreaterThan(360 - 80);
  // The way back points to where lines begin.
  const arrow = page.locator('.chat-head .back svg');
  expect(await arrow.evaluate((icon) => getComputedStyle(icon).scale)).toBe('-1 1');
  await page.context().close();
});

test('53. the language is chosen in the settings, and stays chosen without a network', async ({
  aldis,
  browser,
}) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann, { serviceWorkers: 'allow' });
  await page.goto('/');
  await page.getByRole('button', { name: 'Account of Ann' }).waitFor();
  await page.keyboard.press('Control+,');
  await page.getByRole('button', { name: 'Appearance' }).click();
  await page.getByLabel('Language').selectOption('日本語');
  await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
  await expect(page.getByRole('heading', { name: textsOf('ja')['No conversations yet']! })).toBeVisible();
  await installed(page);
  await page.context().setOffline(true);
  await page.reload();
  await expect(page.getByText(textsOf('ja')['No connection.']!)).toBeVisible();
  await page.context().setOffline(false);
  await page.context().close();
});

test('53. where the translation does not come the page is in English', async ({ aldis, browser }) => {
  const { page, group } = await annInGroup(browser, aldis, { locale: 'ar' });
  await page.route('**/locale/*', (route) => route.abort());
  await page.goto(`/c/${group.id}`);
  await expect(new Messenger(page).last).toContainText('Second');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.locator('html')).toHaveAttribute('dir', 'ltr');
  await expect(page.getByPlaceholder('Message')).toBeVisible();
  await page.context().close();
});

test('53. a language that the browser would not keep is not offered', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browser.newPage({ baseURL: aldis.url });
  // As where all cookies are blocked: a choice would be forgotten, and Ann logged out, by the reload it needs.
  await page.addInitScript(() => {
    const get = () => {
      throw new DOMException('Forbidden', 'SecurityError');
    };
    for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get });
  });
  await page.goto('/login');
  await page.getByLabel('Username').fill(ann.username);
  await page.getByLabel('Password', { exact: true }).fill(ann.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await page.getByRole('button', { name: 'Account of Ann' }).waitFor();
  await page.keyboard.press('Control+,');
  await page.getByRole('button', { name: 'Appearance' }).click();
  await expect(page.getByRole('group', { name: 'Theme' })).toBeVisible();
  await expect(page.getByLabel('Language')).toHaveCount(0);
  await page.close();
});
