import { readFile } from 'node:fs/promises';

import { Aldis } from '../../support/aldis.ts';
import { annAndBob, Files, painted, picture, send, SMALL, text, UPLOAD } from '../../support/files.ts';
import { Gate } from '../../support/gate.ts';
import { png } from '../../support/png.ts';
import { browserOf, expect, hold, installed, Messenger, test } from '../../support/web.ts';

test('27. files are chosen, sent, shown to both, told in a word, and gone when they are deleted', async ({
  aldis,
  browser,
}) => {
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
  await expect(messenger.message('The pier!').getByRole('button', { name: 'In reply to You' })).toContainText(
    'Photo',
  );

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
  await expect(
    other.message('Look here').getByRole('button', { name: 'Open photo lighthouse.png' }),
  ).toBeVisible();
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
  await files.drag(
    'drop',
    Array.from({ length: 8 }, (_, index) => `more ${index}.txt`),
  );
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

// With the service worker, as in the product, and without, as on the first visit: a request that the worker
// answers tells of no progress.
for (const worker of [false, true]) {
  test(`27. an upload shows how far it is, and can be taken back, ${worker ? 'with' : 'without'} the service worker`, async ({
    aldis,
    browser,
  }) => {
    const [ann, bob] = await annAndBob(aldis);
    const gate = await Gate.before(aldis.url);
    const page = await browserOf(browser, aldis, ann, {
      baseURL: gate.url,
      serviceWorkers: worker ? 'allow' : 'block',
    });
    const [messenger, files] = [new Messenger(page), new Files(page)];
    await messenger.open(bob.username);
    if (worker) {
      await installed(page);
      await page.reload();
      await messenger.composer.waitFor();
      expect(await page.evaluate(() => navigator.serviceWorker.controller !== null)).toBe(true);
    }
    // More than the buffers on the way hold, on a line that would take ten seconds for it.
    gate.throttle = { path: '/api/attachments', rate: 2_000_000 };
    await files.choose(text('slow.txt', 'x'.repeat(20_000_000)));
    const progress = page.getByRole('progressbar', { name: 'Uploading slow.txt' });
    const value = () => progress.evaluate((bar) => (bar as HTMLProgressElement).value);
    await expect.poll(value).toBeGreaterThan(0);
    const first = await value();
    expect(first).toBeLessThan(1);
    await expect.poll(value).toBeGreaterThan(first);
    expect(await value()).toBeLessThan(1);
    expect(gate.uploads).toEqual({ begun: 1, broken: 0 });
    await page.getByRole('button', { name: 'Remove slow.txt' }).click();
    // It ends on the line, too, and not on the screen alone.
    await expect.poll(() => gate.uploads).toEqual({ begun: 1, broken: 1 });
    await expect(files.tray).toHaveCount(0);
    await expect(messenger.composer).toBeFocused();

    // On a line without a limit it gets there, and is saved as it was.
    gate.throttle = null;
    await files.choose(text('quick.txt', 'Aye'));
    await messenger.send('Here');
    const saved = page.waitForEvent('download');
    await messenger.message('Here').getByRole('button', { name: 'Download quick.txt' }).click();
    expect(await readFile(await (await saved).path(), 'utf8')).toBe('Aye');
    await page.context().close();
    gate.end();
  });
}

test('27. what is sent before its files are there waits for them, and that can be taken back', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, await aldis.person('cat', 'Cat'), ann, 'Hello');
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  const held = await hold(page, UPLOAD);
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
    const again = await hold(page, UPLOAD);
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

test('27. what was sent without a connection goes with it, and what cannot go is a draft', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  await send(aldis, await aldis.person('cat', 'Cat'), ann, 'Hello');
  await send(aldis, bob, ann, 'Hello');
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  const held = await hold(page, UPLOAD);
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
  await expect(
    messenger.message('On its way').getByRole('button', { name: 'Download late.txt' }),
  ).toBeVisible();

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

test('27. an upload that gets no answer, though there is a connection, is tried again, and does not hold the composer for ever', async ({
  aldis,
  browser,
}) => {
  const [ann, bob] = await annAndBob(aldis);
  const page = await browserOf(browser, aldis, ann);
  const [messenger, files] = [new Messenger(page), new Files(page)];
  await messenger.open(bob.username);
  let failing = 1;
  await page.route(UPLOAD, (route) => (failing-- > 0 ? route.abort() : route.continue()));
  await files.choose(text('soon.txt'));
  await messenger.send('By itself');
  await expect(
    messenger.message('By itself').getByRole('button', { name: 'Download soon.txt' }),
  ).toBeVisible();

  failing = Infinity;
  await files.choose(text('late.txt'));
  await messenger.send('In a while');
  await expect(files.waiting).toBeVisible();
  await expect(files.waiting).toHaveCount(0, { timeout: 10_000 });
  await expect(messenger.composer).toBeEditable();
  await expect(messenger.composer).toHaveValue('In a while');
  failing = 0;
  await expect(files.tray).toHaveText(/late\.txt\s*3 bytes/, { timeout: 20_000 });
  await expect(messenger.banner).toBeHidden();
  await messenger.composer.press('Enter');
  await expect(
    messenger.message('In a while').getByRole('button', { name: 'Download late.txt' }),
  ).toBeVisible();
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

  // What is not what it seems is sent all the same.
  await files.choose({ ...text('no picture.png'), mimeType: 'image/png' });
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
  expect(
    (await aldis.messages(bob, conversation!.id)).map(({ attachments }) =>
      attachments?.map(({ name }) => name),
    ),
  ).toEqual([['chart.png', 'notes.txt']]);
  await page.context().close();
  gate.end();
});
