import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@playwright/test';

import { Aldis, PASSWORD, say } from '../../support/aldis.ts';
import { Firefox } from '../../support/firefox.ts';
import { png } from '../../support/png.ts';
import { Tab } from '../../support/tab.ts';
import { WebKit } from '../../support/webkit.ts';
import type { Message } from '../../../web/src/app/protocol/protocol.ts';

const TEXTS = `[...document.querySelectorAll('.message .text')].map((text) => text.innerText)`;
const tick = (text: string, name: string) =>
  `[...document.querySelectorAll('.message')].some((message) =>
    message.innerText.includes(${JSON.stringify(text)}) && message.querySelector('[role=img][aria-label="${name}"]'))`;

for (const engine of [Firefox, WebKit]) {
  test(`38. ${engine.name}: register, talk, a group, a file, no connection, search, reload`, async () => {
    const aldis = await Aldis.start();
    const bob = await aldis.person('bob', 'Bob');
    const live = await aldis.connect(bob);
    const his: Message[] = [];
    live.on('message', (message) => his.push(message));
    const arrives = (one: (message: Message) => boolean) =>
      expect.poll(() => his.some(one), { timeout: 15_000 }).toBe(true);
    const folder = await mkdtemp(join(tmpdir(), 'aldis-files-'));
    const tab = new Tab(await engine.start());
    const shows = (...texts: string[]) => expect.poll(() => tab.value(TEXTS)).toEqual(texts);
    try {
      // Registers.
      await tab.goto(aldis.url);
      await tab.press('link', 'Create an account');
      await tab.sees('Name (optional)');
      await tab.fill('Username', 'Ann');
      await tab.fill('Name (optional)', 'Ann Ærø');
      await tab.fill('Password', PASSWORD);
      await tab.press('button', 'Create account');
      await tab.sees('the code is 123456');
      await tab.fill('Six-digit code', '123456');
      await tab.sees('No conversations yet');

      // Talks.
      await tab.press('button', 'New');
      await tab.press('item', 'Message');
      await tab.fill('Name or username', bob.username.toUpperCase());
      await tab.press('button', 'Start conversation');
      await tab.fill('Message to Bob', 'Hello Bob');
      await tab.key('Enter');
      await arrives((message) => message.text === 'Hello Bob');
      await tab.until(tick('Hello Bob', 'Delivered'));
      await say(live, { receiver: 'ann', text: 'Hello *Ann*' });
      await shows('Hello Bob', 'Hello Ann');

      // Begins a group.
      await tab.press('button', 'New');
      await tab.press('item', 'Group');
      await tab.fill('Group name', 'Harbour crew');
      await tab.fill('Members', bob.username);
      await tab.key('Enter');
      await tab.press('button', 'Create group');
      await tab.sees('You created the group');
      await tab.fill('Message to Harbour crew', `Are you aboard, @${bob.username}?`);
      await tab.key('Enter');
      await arrives(({ text }) => text.startsWith('Are you aboard'));

      // Sends a picture, and sees it.
      const path = join(folder, 'red.png');
      await writeFile(path, png(64, 48));
      await tab.choose('input[type=file]', path);
      await tab.sees('red.png');
      await tab.press('button', 'Send');
      await arrives(({ attachments }) => attachments?.[0]?.name === 'red.png');
      await tab.until(
        `[...document.querySelectorAll('.message img')].some((image) => image.naturalWidth > 0)`,
      );

      // Finds a word, and goes to where it was said.
      await tab.fill('Search', 'hello');
      await tab.press('option', 'Hello *Ann*');
      await shows('Hello Bob', 'Hello Ann');

      // Loses the server, and writes on.
      await aldis.kill();
      await tab.sees('No connection.');
      await tab.fill('Message to Bob', 'Written in the dark');
      await tab.key('Enter');
      await tab.until(tick('Written in the dark', 'Waiting to be sent'));
      await aldis.restart();
      await tab.until(tick('Written in the dark', 'Delivered'));

      // Reloads, and finds all as it was, with what was not sent yet.
      await tab.fill('Message to Bob', 'Half a sent');
      await tab.goto(`${aldis.url}/@${bob.username}`);
      await shows('Hello Bob', 'Hello Ann', 'Written in the dark');
      expect(await tab.value(`document.querySelector('textarea').value`)).toBe('Half a sent');
    } finally {
      live.close();
      await tab.end();
      await aldis.end();
      await rm(folder, { recursive: true });
    }
  });
}
