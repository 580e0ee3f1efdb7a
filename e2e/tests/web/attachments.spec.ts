import { readFile } from 'node:fs/promises';
import type { Locator, Page, Route } from '@playwright/test';

import type { Attachment, Message } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, type Person } from '../../support/aldis.ts';
import { Gate } from '../../support/gate.ts';
import { png } from '../../support/png.ts';
import { browserOf, expect, fits, Messenger, PHONE, test, violations } from '../../support/web.ts';

interface Chosen {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

const picture = (name: string, width = 600, height = 400): Chosen => ({ name, mimeType: 'image/png', buffer: png(width, height) });
const text = (name: string, content = 'Aye'): Chosen => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

/** What a person does with files. */
class Files {
  readonly tray: Locator;

  constructor(readonly page: Page) {
    this.tray = page.getByRole('list', { name: 'Attached files' }).getByRole('listitem');
  }

  get waiting(): Locator {
    return this.page.getByRole('button', { name: 'Do not send yet' });
  }

  /** With the picker of the browser. */
  async choose(...files: Chosen[]): Promise<void> {
    const picker = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: 'Attach files' }).click();
    await (await picker).setFiles(files);
  }

  /** Holds back requests until they are let go. */
  async hold(url: RegExp): Promise<{ count: () => number; release: () => Promise<void> }> {
    const held: Route[] = [];
    let open = false;
    await this.page.route(url, (route) => (open ? route.continue() : void held.push(route)));
    const release = async () => {
      open = true;
      await Promise.all(held.splice(0).map((route) => route.continue()));
    };
    return { count: () => held.length, release };
  }

  /** Drags files over the chat, or lets go of them there. */
  async drag(event: 'dragover' | 'dragleave' | 'drop', names: string[]): Promise<void> {
    const dataTransfer = await this.page.evaluateHandle((names) => {
      const data = new DataTransfer();
      for (const name of names) data.items.add(new File(['dropped'], name, { type: 'text/plain' }));
      return data;
    }, names);
    await this.page.locator('aldis-message-list').dispatchEvent(event, { dataTransfer });
  }

  async paste(into: Locator, bytes: Buffer, also: string[] = []): Promise<void> {
    await into.evaluate(
      (field, [bytes, also]) => {
        const data = new DataTransfer();
        for (const type of also) data.setData(type, 'text');
        data.items.add(new File([Uint8Array.from(bytes)], 'image.png', { type: 'image/png' }));
        field.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
      },
      [[...bytes], also] as const,
    );
  }
}

const UPLOAD = /\/api\/attachments\?/;
const SMALL = /\/thumbnail$/;

async function upload(aldis: Aldis, who: Person, { name, mimeType, buffer }: Chosen): Promise<Attachment> {
  const answer = await fetch(`${aldis.url}/api/attachments?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${who.token}`, 'content-type': mimeType },
    body: new Uint8Array(buffer),
  });
  return (await answer.json()) as Attachment;
}

/** Sends without a browser. */
async function send(aldis: Aldis, from: Person, to: Person, said: string, ...files: Chosen[]): Promise<Message> {
  const attachments: string[] = [];
  for (const file of files) attachments.push((await upload(aldis, from, file)).id);
  return aldis.call('POST', '/api/messages', { receiver: to.username, text: said, attachments }, from.token);
}

const annAndBob = async (aldis: Aldis) => [await aldis.person('ann', 'Ann'), await aldis.person('bob', 'Bob')] as const;

/** Whether the picture of this name is on the screen and painted. */
const painted = (page: Page, name: string) =>
  expect.poll(() => page.getByRole('button', { name: `Open photo ${name}` }).locator('img').evaluateAll((all) => all.length === 1 && (all[0] as HTMLImageElement).naturalWidth > 0)).toBe(true);

test('27. files are chosen, sent, shown to both, told in a word, and gone when they are deleted', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  const [page, his] = [await browserOf(browser, aldis, ann), await browserOf(browser, aldis, bob)];
  const [messenger, other, files] = [new Messenger(page), new Messenger(his), new Files(page)];
  await messenger.open(bob.username);
  await other.open(ann.username);
  await files.choose(picture('lighthouse.png'), text('صورة.txt'));
  await expect(files.tray).toHaveText([/lighthouse\.png\s*\d+ bytes|kB/, /صورة\.txt\s*3 bytes/]);
  await expect(messenger.composer).toBeFocused();
  await files.choose(text('crew.txt'));
  await files.tray.filter({ hasText: 'crew.txt' }).getByRole('button', { name: 'Remove crew.txt' }).click();
  await expect(files.tray).toHaveCount(2);
  await messenger.send('Look');
  await expect(files.tray).toHaveCount(0);
  await expect(messenger.tick('Look', 'Delivered').or(messenger.tick('Look', 'Read'))).toBeVisible();
  for (const view of [page, his]) {
    await painted(view, 'lighthouse.png');
    await expect(view.getByRole('button', { name: 'Download صورة.txt' })).toBeVisible();
  }
  await expect(other.last).toHaveAccessibleName(/^Ann, .*: 2 files: Look$/);

  // Without a text, a word stands for it: in the list, in a quote, and for who hears it.
  await files.choose(picture('pier.png'));
  await messenger.composer.press('Enter');
  await painted(his, 'pier.png');
  await expect(messenger.conversation('Bob')).toContainText('Photo');
  await expect(other.conversation('Ann')).toContainText('Photo');
  await expect(his.getByRole('log')).toContainText('Ann: Photo');
  await other.last.hover();
  await other.last.getByRole('button', { name: 'Reply' }).click();
  await expect(his.locator('.composer-quote')).toHaveText('Photo');
  await other.send('The pier!');
  await expect(messenger.message('The pier!').getByRole('button', { name: 'In reply to You' })).toContainText('Photo');

  // There is no text to copy.
  const photo = messenger.messages.filter({ has: page.getByRole('button', { name: 'Open photo pier.png' }) });
  await photo.click({ button: 'right', position: { x: 5, y: 5 } });
  await expect(page.getByRole('menuitem', { name: 'Reply' })).toBeVisible();
  await expect(page.getByRole('menuitem', { name: 'Copy text' })).toHaveCount(0);
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  for (const view of [page, his]) {
    await expect(view.getByText('This message was deleted')).toBeVisible();
    await expect(view.getByRole('button', { name: 'Open photo pier.png' })).toHaveCount(0);
  }

  // A change keeps them and takes no others.
  await messenger.choose('Look', 'Edit');
  await expect(page.getByRole('button', { name: 'Attach files' })).toHaveCount(0);
  await messenger.send('Look here');
  await expect(other.message('Look here').getByRole('button', { name: 'Open photo lighthouse.png' })).toBeVisible();
  await Promise.all([page.context().close(), his.context().close()]);
});

test('27. files are pasted, and dropped where it shows that they can be', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  await files.paste(messenger.composer, png(20, 10));
  await expect(files.tray).toHaveText(/image\.png\s*\d+ bytes/);
  // A table that comes with a picture of itself is meant as text.
  await files.paste(messenger.composer, png(20, 10), ['text/plain', 'text/html']);
  await expect(files.tray).toHaveCount(1);

  const place = page.getByText('Drop files to attach them');
  await files.drag('dragover', ['chart.txt']);
  await expect(place).toBeVisible();
  await files.drag('dragleave', ['chart.txt']);
  await expect(place).toHaveCount(0);
  await files.drag('dragover', ['chart.txt', 'log.txt']);
  await files.drag('drop', ['chart.txt', 'log.txt']);
  await expect(place).toHaveCount(0);
  await expect(files.tray).toHaveText([/image\.png/, /chart\.txt\s*7 bytes/, /log\.txt\s*7 bytes/]);

  // Beside the chat they are not taken, and do not take the place of the page either.
  const taken = await page.getByRole('navigation', { name: 'Conversations' }).evaluate((list) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['x'], 'x.txt'));
    return !list.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  expect(taken).toBe(true);
  await expect(files.tray).toHaveCount(3);

  // Ten at most, and that is said.
  await files.drag('drop', Array.from({ length: 8 }, (_, index) => `more ${index}.txt`));
  await expect(files.tray).toHaveCount(10);
  await expect(page.getByText('A message carries 10 files at most.')).toBeVisible();
  await messenger.composer.press('Enter');
  await expect(files.tray).toHaveCount(0);
  await expect(messenger.last.getByRole('button', { name: /^Download/ })).toHaveCount(9);

  // Another conversation has files of its own.
  await files.choose(text('for Bob.txt'));
  await expect(files.tray).toHaveCount(1);
  await messenger.conversation('Bob').waitFor();
  const cat = await aldis.person('cat', 'Cat');
  await send(aldis, cat, ann, 'Hello');
  await messenger.conversation('Cat').click();
  await expect(page.getByRole('heading', { name: 'Cat' })).toBeVisible();
  await expect(files.tray).toHaveCount(0);
  await messenger.conversation('Bob').click();
  await expect(files.tray).toHaveText(/for Bob\.txt/);
  await page.context().close();
});

test('27. an upload shows how far it is, and can be taken back', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  const line = await page.context().newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 300_000 });
  await files.choose(text('slow.txt', 'x'.repeat(3_000_000)));
  const progress = page.getByRole('progressbar', { name: 'Uploading slow.txt' });
  const value = () => progress.evaluate((bar) => (bar as HTMLProgressElement).value);
  await expect.poll(value).toBeGreaterThan(0.05);
  expect(await value()).toBeLessThan(1);
  const ended = page.waitForEvent('requestfailed', (request) => UPLOAD.test(request.url()));
  await page.getByRole('button', { name: 'Remove slow.txt' }).click();
  await ended;
  await expect(files.tray).toHaveCount(0);
  await expect(messenger.composer).toBeFocused();
  await page.context().close();
});

test('27. what is sent before its files are there waits for them, and that can be taken back', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, await aldis.person('cat', 'Cat'), ann, 'Hello');
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  const held = await files.hold(UPLOAD);
  await files.choose(...['a', 'b', 'c', 'd'].map((name) => text(`${name}.txt`)));
  // Three at a time.
  await expect.poll(held.count).toBe(3);
  await messenger.send('All four');
  await expect(page.getByText('Sent as soon as everything is uploaded.')).toBeVisible();
  await expect(messenger.messages).toHaveCount(0);
  await expect(messenger.composer).not.toBeEditable();
  await page.keyboard.press('Escape');
  await expect(files.waiting).toHaveCount(0);
  await expect(messenger.composer).toBeEditable();
  await expect(messenger.composer).toHaveValue('All four');

  await messenger.composer.press('Enter');
  await files.waiting.click();
  await expect(messenger.composer).toBeEditable();
  await messenger.send('All four, now');
  await expect(files.waiting).toBeVisible();
  await held.release();
  await expect(messenger.message('All four, now').getByRole('button', { name: /^Download/ })).toHaveCount(4);
  await expect(messenger.tick('All four, now', 'Sent')).toBeVisible();
  await expect(messenger.composer).toHaveValue('');
  await expect(files.tray).toHaveCount(0);

  // Who goes to another conversation meanwhile has sent it all the same; who comes back finds it as it is.
  for (const back of [false, true]) {
    await page.unroute(UPLOAD);
    const again = await files.hold(UPLOAD);
    const words = back ? 'Come back to' : 'Left alone';
    await files.choose(text('e.txt'));
    await messenger.send(words);
    await expect(files.waiting).toBeVisible();
    await messenger.conversation('Cat').click();
    await expect(page.getByRole('heading', { name: 'Cat' })).toBeVisible();
    await expect(messenger.composer).toBeEditable();
    if (back) {
      await messenger.conversation('Bob').click();
      await expect(files.waiting).toBeVisible();
      await expect(messenger.composer).toHaveValue(words);
      await expect(messenger.composer).not.toBeEditable();
    }
    await again.release();
    await expect(messenger.conversation('Bob')).toContainText(words);
    if (!back) await messenger.conversation('Bob').click();
    await expect(messenger.tick(words, 'Sent')).toBeVisible();
    await expect(messenger.composer).toHaveValue('');
    await expect(messenger.composer).toBeEditable();
    await expect(files.tray).toHaveCount(0);
  }
  await page.context().close();
});

test('27. what was sent without a connection goes with it, and what cannot go is a draft', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, await aldis.person('cat', 'Cat'), ann, 'Hello');
  await send(aldis, bob, ann, 'Hello');
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  const held = await files.hold(UPLOAD);
  await files.choose(text('late.txt'));
  await expect.poll(held.count).toBe(1);
  await messenger.send('On its way');
  await page.context().setOffline(true);
  await held.release();
  await expect(page.getByRole('alert')).toContainText('No connection.');
  await expect(files.waiting).toBeVisible();
  await messenger.conversation('Cat').click();
  await expect(messenger.conversation('Bob')).toContainText('Draft: On its way');
  await page.context().setOffline(false);
  await expect(messenger.conversation('Bob')).toContainText('You: On its way');
  await messenger.conversation('Bob').click();
  await expect(messenger.message('On its way').getByRole('button', { name: 'Download late.txt' })).toBeVisible();

  // A proxy refuses it in its own words; it waits for the person, where they can see that from elsewhere.
  await page.unroute(UPLOAD);
  await page.route(UPLOAD, (route) => route.fulfill({ status: 413, body: '<h1>Too large</h1>' }));
  await files.choose(text('huge.txt'));
  await messenger.composer.press('Enter');
  await expect(page.getByRole('alert')).toContainText('Larger than this server takes.');
  await expect(files.waiting).toHaveCount(0);
  await messenger.conversation('Cat').click();
  await expect(messenger.conversation('Bob')).toContainText('Draft: huge.txt');

  // Who logs out hears what is lost, and then goes without being asked again.
  await page.getByRole('button', { name: 'Account of Ann' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('dialog')).toContainText('One message has not been sent yet');
  await page.getByRole('dialog').getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByText('You are logged out')).toBeVisible();
  await page.context().close();
});

test('27. what goes wrong is said at the file, and tried again', async ({ browser }) => {
  const aldis = await Aldis.start(['--attachment-limit', '20KiB', '--attachment-quota', '30KiB']);
  const [ann, bob] = await annAndBob(aldis);
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  await files.choose(text('large.txt', 'x'.repeat(30_000)));
  await expect(page.getByRole('alert')).toHaveText(/Larger than this server takes\.\s*Try again/);
  await messenger.send('Not without it');
  // It is not sent without what is lacking.
  await expect(messenger.composer).toHaveValue('Not without it');
  await page.getByRole('button', { name: 'Remove large.txt' }).click();
  await expect(files.tray).toHaveCount(0);

  await files.choose({ ...text('no picture.png'), mimeType: 'image/png' });
  await expect(page.getByRole('alert')).toContainText('Not really image/png.');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(files.tray).toHaveText(/no picture\.png\s*3 bytes/);

  await files.choose(text('one.txt', 'x'.repeat(20_000)));
  await expect(files.tray.last()).toHaveText(/one\.txt\s*20 kB/);
  await files.choose(text('two.txt', 'y'.repeat(20_000)));
  await expect(page.getByRole('alert')).toContainText('Your files have no more room.');
  await page.getByRole('button', { name: 'Remove two.txt' }).click();

  // Without a connection; with it the upload goes on by itself.
  await page.context().setOffline(true);
  await expect(messenger.banner).toBeVisible();
  await files.choose(text('three.txt'));
  await expect(page.getByRole('alert')).toContainText('No connection.');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toContainText('No connection.');
  await page.context().setOffline(false);
  await expect(files.tray.last()).toHaveText(/three\.txt\s*3 bytes/);
  await messenger.composer.press('Enter');
  await expect(messenger.tick('Not without it', 'Sent')).toBeVisible();
  await expect(messenger.last.getByRole('button', { name: /^Download/ })).toHaveCount(3);
  await page.context().close();
  await aldis.end();
});

test('17. a message that waits keeps its files over a reload', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { baseURL: gate.url });
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  await files.choose(picture('chart.png'), text('notes.txt'));
  await expect(files.tray.last()).toContainText('3 bytes');
  await expect(files.tray.first().getByRole('progressbar')).toHaveCount(0);
  gate.close();
  await expect(messenger.banner).toBeVisible();
  await messenger.send('With both');
  const tick = messenger.tick('With both', 'Waiting to be sent');
  await expect(tick).toBeVisible();
  await painted(page, 'chart.png');

  // Its small picture is this browser's by now.
  await page.route(SMALL, (route) => route.abort());
  await page.reload();
  await expect(tick).toBeVisible();
  await painted(page, 'chart.png');
  await expect(page.getByRole('button', { name: 'Download notes.txt' })).toBeVisible();
  gate.open();
  await expect(messenger.tick('With both', 'Sent')).toBeVisible();
  const [conversation] = await aldis.conversations(bob);
  expect((await aldis.messages(bob, conversation!.id)).map(({ attachments }) => attachments?.map(({ name }) => name))).toEqual([['chart.png', 'notes.txt']]);
  await page.context().close();
  gate.end();
});

test('26. the place of a picture is kept before it is there, and nothing moves when it comes', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Tall', picture('tall.png', 300, 900));
  await send(aldis, bob, ann, 'Several', picture('a.png'), picture('b.png'), picture('c.png'), text('d.txt'));
  await send(aldis, bob, ann, 'Wide', picture('wide.png', 900, 500));
  for (const options of [{}, PHONE]) {
    const page = await browserOf(browser, aldis, ann, options);
    const [messenger, files] = [new Messenger(page), new Files(page)];
    // Neither the pictures, nor the part of the client that paints them.
    let paint: () => void = () => undefined;
    const painter = new Promise<void>((resolve) => (paint = resolve));
    await page.route(/\.js$/, async (route) => {
      const response = await route.fetch();
      if ((await response.text()).includes('aldis-viewer')) await painter;
      await route.fulfill({ response });
    });
    const held = await files.hold(SMALL);
    await messenger.open(bob.username);
    await expect(messenger.message('Wide')).toBeVisible();
    const places = () =>
      page.evaluate(() => {
        const { scrollTop, scrollHeight } = document.querySelector('.scroller')!;
        const boxes = [...document.querySelectorAll('.message, .attachments > *')].map((element) => {
          const { x, y, width, height } = element.getBoundingClientRect();
          return [x, y, width, height].map(Math.round);
        });
        return { scrollTop, scrollHeight, boxes };
      });
    await expect(page.locator('aldis-message-list .unsettled')).toHaveCount(0);
    const before = await places();
    expect(before.boxes.length).toBe(3 + 6);
    for (const [, , width, height] of before.boxes) expect(Math.min(width!, height!)).toBeGreaterThanOrEqual(40);
    paint();
    await expect.poll(held.count).toBe(5);
    expect(await places()).toEqual(before);
    await held.release();
    for (const name of ['tall', 'a', 'b', 'c', 'wide']) await painted(page, `${name}.png`);
    expect(await places()).toEqual(before);
    await page.context().close();
  }
});

test('26. a picture opens large; Esc closes and gives the focus back', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Both', picture('first.png', 1200, 800), picture('second.png', 300, 900), text('log.txt'));
  const page = await browserOf(browser, aldis, ann, { reducedMotion: 'reduce' });
  const { keyboard } = page;
  const messenger = new Messenger(page);
  const viewer = page.getByRole('dialog', { name: 'Photo' });
  const large = (name: string) => viewer.getByRole('img', { name });
  await messenger.open(bob.username);
  await painted(page, 'second.png');
  await expect(messenger.composer).toBeFocused();

  // By keyboard, from the message to what it carries.
  await messenger.last.focus();
  await keyboard.press('Tab');
  const opener = page.getByRole('button', { name: 'Open photo first.png' });
  await expect(opener).toBeFocused();
  await keyboard.press('Enter');
  await expect(viewer).toBeVisible();
  await expect(large('first.png')).toBeVisible();
  await expect(viewer.getByRole('status')).toHaveText('1 of 2');
  await expect.poll(() => large('first.png').evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(1200);
  await keyboard.press('ArrowRight');
  await expect(large('second.png')).toBeVisible();
  await expect(large('second.png')).toBeInViewport({ ratio: 1 });
  await keyboard.press('ArrowRight');
  await expect(large('first.png')).toBeVisible();
  await keyboard.press('ArrowLeft');
  await expect(viewer.getByRole('status')).toHaveText('2 of 2');
  const saved = page.waitForEvent('download');
  await viewer.getByRole('button', { name: 'Download' }).click();
  expect((await saved).suggestedFilename()).toBe('second.png');
  await keyboard.press('Escape');
  await expect(viewer).toHaveCount(0);
  await expect(opener).toBeFocused();

  // By pointer, and closed by a press beside the picture.
  await page.getByRole('button', { name: 'Open photo second.png' }).click();
  await expect(large('second.png')).toBeVisible();
  await viewer.getByRole('button', { name: 'Next photo' }).click();
  await expect(large('first.png')).toBeVisible();
  await page.mouse.click(640, 715);
  await expect(viewer).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Open photo second.png' })).toBeFocused();

  // A file is saved under its name, and says so when it could not be.
  const file = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download log.txt' }).click();
  const download = await file;
  expect(download.suggestedFilename()).toBe('log.txt');
  expect(await readFile(await download.path(), 'utf8')).toBe('Aye');
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Download log.txt' }).click();
  await expect(messenger.last.getByRole('status')).toHaveText('Did not arrive. Try again.');
  await page.context().setOffline(false);
  await page.context().close();
});

test('26. a picture that did not load says so, and comes with the connection', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Here', picture('late.png'));
  const gate = await Gate.before(aldis.url);
  const page = await browserOf(browser, aldis, ann, { baseURL: gate.url });
  await page.route(SMALL, (route) => route.abort());
  const messenger = new Messenger(page);
  await messenger.open(bob.username);
  const again = page.getByRole('button', { name: 'Not loaded, try again: late.png' });
  await expect(again).toBeVisible();
  await again.click();
  await expect(again).toBeVisible();
  gate.close();
  await expect(messenger.banner).toBeVisible();
  await page.unroute(SMALL);
  gate.open();
  await painted(page, 'late.png');
  await page.context().close();
  gate.end();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`29. axe finds nothing to complain about in attachments (${colorScheme})`, async ({ aldis, browser }) => {
    const [ann, bob] = await annAndBob(aldis);
    await send(aldis, bob, ann, 'Theirs', picture('a.png'), picture('b.png'), text('c.txt'));
    const page = await browserOf(browser, aldis, ann, { colorScheme });
    const [messenger, files] = [new Messenger(page), new Files(page)];
    await messenger.open(bob.username);
    await painted(page, 'a.png');
    await files.choose(picture('own.png'), text('own.txt'));
    await expect(files.tray.last()).toContainText('3 bytes');
    await messenger.send('Mine');
    await painted(page, 'own.png');
    const held = await files.hold(UPLOAD);
    await files.choose({ ...text('no picture.png'), mimeType: 'image/png' }, text('done.txt'));
    await expect.poll(held.count).toBe(2);
    await held.release();
    await expect(page.getByRole('alert')).toContainText('Not really');
    await files.drag('dragover', ['over.txt']);
    await expect(page.getByText('Drop files to attach them')).toBeVisible();
    expect(await violations(page), 'a place to drop files').toEqual([]);
    await files.drag('dragleave', ['over.txt']);
    expect(await violations(page), 'a chat with files').toEqual([]);
    await page.getByRole('button', { name: 'Open photo a.png' }).click();
    await expect(page.getByRole('dialog', { name: 'Photo' }).getByRole('img')).toBeVisible();
    expect(await violations(page), 'a picture').toEqual([]);
    await page.context().close();
  });
}

test('30. files on a phone: no sideways scroll, targets of 44 px', async ({ aldis, browser }) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, bob, ann, 'Theirs', picture('a.png'), picture('b.png'), text(`${'W'.repeat(80)}.txt`));
  const page = await browserOf(browser, aldis, ann, PHONE);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  await painted(page, 'a.png');
  await fits(page, 'a message with files');
  await files.choose(picture('own.png'), text(`${'W'.repeat(80)}.txt`), { ...text('no picture.png'), mimeType: 'image/png' });
  await expect(page.getByRole('alert')).toContainText('Not really');
  await fits(page, 'files to send');
  await page.getByRole('button', { name: 'Open photo a.png' }).tap();
  await expect(page.getByRole('dialog', { name: 'Photo' }).getByRole('img')).toBeVisible();
  await fits(page, 'a picture');

  // A finger turns to the next one, and back.
  const shown = page.getByRole('dialog', { name: 'Photo' }).getByRole('status');
  const finger = await page.context().newCDPSession(page);
  const swipe = async (from: number, to: number) => {
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', x: number) => finger.send('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x, y: 320 }] });
    await touch('touchStart', from);
    await touch('touchMove', (from + to) / 2);
    await touch('touchMove', to);
    await touch('touchEnd', to);
  };
  await expect(shown).toHaveText('1 of 2');
  await swipe(250, 110);
  await expect(shown).toHaveText('2 of 2');
  await swipe(110, 250);
  await expect(shown).toHaveText('1 of 2');
  await page.context().close();
});
