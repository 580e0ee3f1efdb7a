import type { BrowserContext, Page } from '@playwright/test';

import { type Live, say } from '../../support/aldis.ts';
import { browserOf, expect, Messenger, test, violations } from '../../support/web.ts';

interface Shown {
  title: string;
  body: string;
  tag: string;
  open: boolean;
}

/**
 * Notes what pages of a context show, where nobody looks at a screen; a page is looked at until it says
 * otherwise.
 */
async function noted(context: BrowserContext, answer: NotificationPermission = 'granted'): Promise<void> {
  await context.addInitScript((answer) => {
    const shown: object[] = [];
    class Noted {
      static permission = sessionStorage.getItem('permission') ?? 'default';
      static requestPermission() {
        sessionStorage.setItem('permission', (Noted.permission = answer));
        return Promise.resolve(answer);
      }
      open = true;
      onclick: (() => void) | null = null;
      readonly body: string;
      readonly tag: string;
      constructor(
        readonly title: string,
        { body, tag }: { body: string; tag: string },
      ) {
        this.body = body;
        this.tag = tag;
        shown.push(this);
      }
      close() {
        this.open = false;
      }
    }
    Object.assign(window, { shown, Notification: Noted });
  }, answer);
}

const shown = (page: Page) =>
  page.evaluate(() =>
    (window as unknown as { shown: Shown[] }).shown.map(({ title, body, tag, open }) => ({
      title,
      body,
      tag,
      open,
    })),
  );
const all = async (pages: Page[]) => (await Promise.all(pages.map(shown))).flat();

async function look(page: Page, here: boolean): Promise<void> {
  await page.evaluate((here) => {
    document.hasFocus = () => here;
    window.dispatchEvent(new Event(here ? 'focus' : 'blur'));
  }, here);
}

/** Turns notifications on, as a person does. */
async function turnOn(page: Page) {
  await page.getByRole('button', { name: /^Account of/ }).waitFor();
  await page.keyboard.press('Control+,');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('button', { name: 'Notifications' }).click();
  const on = dialog.getByRole('switch', { name: 'New messages' });
  await on.click();
  return { dialog, on };
}

/** What is in the title shows that the part behind the page is at work. */
const counted = (page: Page, count: number) =>
  expect(page).toHaveTitle(count > 0 ? new RegExp(`^\\(${count}\\) `) : /^[^(]/);

test('the title and the badge count what is unread in all tabs, without what is muted', async ({
  aldis,
  browser,
}) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
  const page = await browserOf(browser, aldis, ann);
  await page.context().addInitScript(() =>
    Object.assign(navigator, {
      setAppBadge: (count: number) => Promise.resolve(Object.assign(window, { badge: count })),
    }),
  );
  const tab = await page.context().newPage();
  for (const one of [page, tab]) await one.goto('/');
  const tell = (socket: Live, text: string) => say(socket, { receiver: ann.username, text });
  await tell(his, 'One');
  await tell(his, 'Two');
  const { conversationId } = await tell(hers, 'Three');
  for (const one of [page, tab]) await counted(one, 3);
  expect(await tab.evaluate(() => (window as unknown as { badge: number }).badge)).toBe(3);
  await aldis.call('PATCH', `/api/conversations/${conversationId}`, { muted: true }, ann.token);
  for (const one of [page, tab]) await counted(one, 2);
  await new Messenger(page).conversation('Bob').click();
  for (const one of [page, tab]) await counted(one, 0);
  expect(await tab.evaluate(() => (window as unknown as { badge: number }).badge)).toBe(0);
  await expect(page).toHaveTitle('Bob · Aldis');
  for (const socket of [his, hers]) socket.close();
  await page.context().close();
});

test('one notification for a conversation, from one tab, while nobody looks', async ({ aldis, browser }) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
  const page = await browserOf(browser, aldis, ann);
  await noted(page.context());
  const tabs = [page, await page.context().newPage()] as [Page, Page];
  for (const one of tabs) await one.goto('/');
  const first = await say(his, { receiver: ann.username, text: 'Before it is on' });
  for (const one of tabs) await counted(one, 1);
  const { dialog, on } = await turnOn(tabs[0]);
  await expect(on).toHaveAttribute('aria-checked', 'true');
  await tabs[1].evaluate(() => Notification.requestPermission());
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);

  // Somebody looks, if only at the other tab.
  await look(tabs[0], false);
  await say(his, { receiver: ann.username, text: 'Seen' });
  for (const one of tabs) await counted(one, 2);
  await look(tabs[1], false);
  await say(his, { receiver: ann.username, text: 'Where are you?' });
  await expect
    .poll(() => all(tabs))
    .toEqual([{ title: 'Bob (3)', body: 'Where are you?', tag: first.conversationId, open: true }]);

  // Muted; then of another.
  await aldis.call('PATCH', `/api/conversations/${first.conversationId}`, { muted: true }, ann.token);
  for (const one of tabs) await counted(one, 0);
  await say(his, { receiver: ann.username, text: 'In vain' });
  const { id, conversationId } = await say(hers, { receiver: ann.username, text: 'From Cat' });
  const cats = async () => (await all(tabs)).filter(({ tag }) => tag === conversationId);
  await expect.poll(cats).toEqual([{ title: 'Cat', body: 'From Cat', tag: conversationId, open: true }]);
  expect(await all(tabs)).toHaveLength(2);
  // What is deleted does not stay on the screen.
  await hers.emitWithAck('message:delete', { conversationId, id });
  await expect.poll(cats).toMatchObject([{ open: false }]);

  // The tab that told is closed: the other takes over.
  const [leader, heir] = (await shown(tabs[0])).length > 0 ? tabs : ([tabs[1], tabs[0]] as const);
  await leader.close();
  // Until then the lock may still be that of the tab that was closed.
  const leads = () =>
    heir.evaluate(() =>
      navigator.locks.request('mine', async () => {
        const held = (await navigator.locks.query()).held!;
        const clientOf = (lock: string) => held.find(({ name }) => name === lock)?.clientId;
        return clientOf('aldis:notices') === clientOf('mine');
      }),
    );
  await expect.poll(leads).toBe(true);
  await say(hers, { receiver: ann.username, text: 'Still there?' });
  await expect.poll(() => shown(heir)).toMatchObject([{ body: 'Still there?', open: true }]);
  // A click leads to the conversation; read, it is gone.
  await look(heir, true);
  await heir.evaluate(() => (window as unknown as { shown: { onclick: () => void }[] }).shown[0]!.onclick());
  await expect(new Messenger(heir).message('Still there?')).toBeVisible();
  await expect.poll(() => shown(heir)).toMatchObject([{ open: false }]);
  for (const socket of [his, hers]) socket.close();
  await page.context().close();
});

test('a mention comes through a mute, but of somebody who is blocked', async ({ aldis, browser }) => {
  const [ann, bob, cat] = await Promise.all([
    aldis.person('ann', 'Ann'),
    aldis.person('bob', 'Bob'),
    aldis.person('cat', 'Cat'),
  ]);
  const group = await aldis.group('Crew', [bob, ann, cat]);
  const [his, hers] = [await aldis.connect(bob), await aldis.connect(cat)];
  await aldis.call('PATCH', `/api/conversations/${group.id}`, { muted: true }, ann.token);
  await aldis.call('PUT', `/api/blocks/${cat.username}`, undefined, ann.token);
  const page = await browserOf(browser, aldis, ann);
  const messenger = new Messenger(page);
  await noted(page.context());
  await page.goto('/');
  await say(his, { receiver: ann.username, text: 'Hello' });
  await counted(page, 1);
  const { on } = await turnOn(page);
  await expect(on).toHaveAttribute('aria-checked', 'true');
  await page.keyboard.press('Escape');
  await look(page, false);
  const tell = (socket: Live, text: string) => say(socket, { conversationId: group.id, text });
  await tell(his, 'To all');
  await tell(hers, `@${ann.username} from Cat`);
  await expect(messenger.conversation('Crew')).toContainText('2 unread');
  await expect(messenger.conversation('Crew')).not.toContainText('mentioned');
  await tell(his, `@${ann.username.toUpperCase()} where are you?`);
  await tell(his, 'To all again');
  await expect(messenger.conversation('Crew')).toContainText('4 unread, you are mentioned');
  await counted(page, 2);
  await expect.poll(() => shown(page)).toHaveLength(1);
  const [notice] = await shown(page);
  expect(notice).toMatchObject({ tag: group.id, title: 'Crew (4)' });
  expect(notice!.body).toContain('where are you?');
  await look(page, true);
  await messenger.conversation('Crew').click();
  await counted(page, 1);
  for (const socket of [his, hers]) socket.close();
  await page.context().close();
});

test('what was written is hidden by who wants that, and read elsewhere it is gone', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const page = await browserOf(browser, aldis, ann);
  await noted(page.context());
  await page.goto('/');
  const { dialog } = await turnOn(page);
  const text = dialog.getByRole('switch', { name: 'Show what was written' });
  await text.click();
  await expect(text).toHaveAttribute('aria-checked', 'false');
  await page.reload();
  await say(socket, { receiver: ann.username, text: 'Hello' });
  await counted(page, 1);
  await look(page, false);
  const { conversationId, seq } = await say(socket, { receiver: ann.username, text: 'A secret' });
  await expect
    .poll(() => shown(page))
    .toMatchObject([{ title: 'Bob (2)', body: '2 new messages', open: true }]);
  const other = await aldis.connect(ann);
  await other.emitWithAck('receipt', { conversationId, readSeq: seq });
  await expect.poll(() => shown(page)).toMatchObject([{ open: false }]);
  await counted(page, 0);
  for (const one of [socket, other]) one.close();
  await page.context().close();
});

/** How many tones were played. */
const tones = (page: Page) => page.evaluate(() => (window as unknown as { tones: number }).tones);

test('notifications are offered once, when the first message came unseen, and make a sound', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = await aldis.connect(bob);
  const page = await browserOf(browser, aldis, ann);
  await noted(page.context());
  await page.context().addInitScript(() => {
    Object.assign(window, { tones: 0 });
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function (...at) {
      (window as unknown as { tones: number }).tones += 1;
      start.apply(this, at);
    };
  });
  const tell = (text: string) => say(his, { receiver: ann.username, text });
  const question = page.getByText('Get notified of new messages');
  await page.goto('/');
  await tell('Seen');
  await counted(page, 1);
  await expect(question).toHaveCount(0);
  await look(page, false);
  await tell('Unseen');
  await expect(question).toBeVisible();
  expect(await violations(page)).toEqual([]);
  // Nothing was answered, so it is offered again.
  await page.reload();
  await counted(page, 2);
  await look(page, false);
  await tell('Unseen, too');
  await page.getByRole('button', { name: 'Yes' }).click();
  await expect(question).toHaveCount(0);
  await expect.poll(() => page.evaluate(() => Notification.permission)).toBe('granted');
  await tell('Told');
  await expect.poll(() => shown(page)).toMatchObject([{ body: 'Told' }]);
  await expect.poll(() => tones(page)).toBe(2);

  // Without a sound, for who wants that.
  await page.keyboard.press('Control+,');
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('button', { name: 'Notifications' }).click();
  const sound = dialog.getByRole('switch', { name: 'Sound' });
  await sound.click();
  await expect(sound).toHaveAttribute('aria-checked', 'false');
  await page.reload();
  await counted(page, 4);
  await page.locator('.brand').click();
  await look(page, false);
  await tell('In silence');
  await expect.poll(() => shown(page)).toMatchObject([{ body: 'In silence' }]);
  expect(await tones(page)).toBe(0);
  his.close();
  await page.context().close();
});

test('who does not want notifications now is not asked again', async ({ aldis, browser }) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const his = await aldis.connect(bob);
  const page = await browserOf(browser, aldis, ann);
  await noted(page.context());
  await page.goto('/');
  await page.getByRole('button', { name: /^Account of/ }).waitFor();
  await say(his, { receiver: ann.username, text: 'Hello' });
  await counted(page, 1);
  await look(page, false);
  await say(his, { receiver: ann.username, text: 'Hello again' });
  await page.getByRole('button', { name: 'Not now' }).click();
  await page.reload();
  await counted(page, 2);
  await look(page, false);
  await say(his, { receiver: ann.username, text: 'And again' });
  await counted(page, 3);
  await expect(page.getByText('Get notified of new messages')).toHaveCount(0);
  his.close();
  await page.context().close();
});

test('where the browser denies notifications the settings say what to do', async ({ aldis, browser }) => {
  const ann = await aldis.person('ann', 'Ann');
  const page = await browserOf(browser, aldis, ann);
  await noted(page.context(), 'denied');
  await page.goto('/');
  const { dialog, on } = await turnOn(page);
  await expect(dialog.getByText('does not allow Aldis')).toBeVisible();
  await expect(on).toHaveAttribute('aria-checked', 'false');
  await page.context().close();
});

test('the worker shows them where there is one, and a click on one leads to the conversation', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')];
  const socket = await aldis.connect(bob);
  const page = await browserOf(browser, aldis, ann, {
    serviceWorkers: 'allow',
    permissions: ['notifications'],
  });
  await page.goto('/');
  await page.evaluate(() => navigator.serviceWorker.ready);
  const { on } = await turnOn(page);
  await expect(on).toHaveAttribute('aria-checked', 'true');
  await page.keyboard.press('Escape');
  await say(socket, { receiver: ann.username, text: 'Hello' });
  await counted(page, 1);
  await look(page, false);
  await say(socket, { receiver: ann.username, text: 'By the worker' });
  const held = () =>
    page.evaluate(async () => {
      const notifications = await (await navigator.serviceWorker.ready).getNotifications();
      return notifications.map(({ title, body, data }) => ({
        title,
        body,
        url: (data as { url: string }).url,
      }));
    });
  const url = `/@${bob.username}`;
  await expect.poll(held).toEqual([{ title: 'Bob (2)', body: 'By the worker', url }]);
  // As the worker says it after a click.
  await look(page, true);
  await page.evaluate((url) => {
    const data = { type: 'NOTIFICATION_CLICK', data: { action: '', notification: { data: { url } } } };
    navigator.serviceWorker.dispatchEvent(new MessageEvent('message', { data }));
  }, url);
  await expect(new Messenger(page).message('By the worker')).toBeVisible();
  await expect.poll(held).toEqual([]);

  // Who logs out leaves none behind.
  await expect.poll(async () => (await aldis.conversations(ann))[0]!.unread).toBe(0);
  await page.goto('/');
  await say(socket, { receiver: ann.username, text: 'Again' });
  await counted(page, 1);
  await look(page, false);
  await say(socket, { receiver: ann.username, text: 'And again' });
  await expect.poll(async () => (await held()).length).toBe(1);
  await page.getByRole('button', { name: 'Account of Ann' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible();
  await expect.poll(held).toEqual([]);
  socket.close();
  await page.context().close();
});
