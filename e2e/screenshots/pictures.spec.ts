import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions } from '@playwright/test';

import { Aldis, answer, type Live, type Person, say } from '../support/aldis.ts';
import { browserOf, Messenger, test } from '../support/web.ts';

// Not a test: makes the pictures of docs/screenshots with `npm run screenshots`.
const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const DESKTOP: BrowserContextOptions = { viewport: { width: 1200, height: 760 }, locale: 'en-GB' };
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'en-GB' };

interface Scene {
  me: Person;
  other: Person;
}

/** A harbour on a working day. */
async function stage(aldis: Aldis): Promise<Scene> {
  const names = ['Marta Lindqvist', 'Tomás Reyes', 'Harbour Office', 'Ines Okafor', 'Aoi Kitano', 'Jules', 'Priya Raman', 'Emil Sørensen'];
  const handles = ['marta', 'tomas', 'harbour.office', 'ines', 'aoi', 'jules', 'priya', 'emil'];
  const people: Person[] = [];
  for (const [index, name] of names.entries()) people.push(await register(aldis, handles[index]!, name));
  const [me, other] = [people[0]!, people[1]!];
  const mine = await aldis.connect(me);
  const from = async (person: Person, lines: string[]) => {
    const socket = await aldis.connect(person);
    for (const text of lines) await say(socket, { receiver: me.username, text });
    return socket;
  };
  const sockets: Live[] = [];
  sockets.push(await from(people[7]!, ['Spare bulbs are in the blue crate']));
  await say(mine, { receiver: people[7]!.username, text: 'Found them, thank you!' });
  sockets.push(await from(people[6]!, ['Can you sign the crew list before noon?', 'I left it on the chart table', '🙏']));
  sockets.push(await from(people[5]!, ['see you at the pier']));
  await say(mine, { receiver: people[5]!.username, text: 'Ten minutes!' });
  sockets.push(await from(people[4]!, ['I sent you the pictures of the lighthouse']));
  sockets.push(await from(people[3]!, ['Wind drops after four, says the forecast']));
  sockets.push(await from(people[2]!, ['Berth 7 is yours from 05:30. The pilot boards at six.']));
  const his = await aldis.connect(other);
  sockets.push(his, mine);
  const hello = await say(his, { receiver: me.username, text: 'Morning! Did the harbour office answer?' });
  await say(mine, { receiver: other.username, text: 'They did. Berth 7 from half past five, the pilot boards at six.' });
  const papers = await say(mine, { receiver: other.username, text: 'Papers are here: https://harbour.example/papers/2026-11' });
  await say(his, { receiver: me.username, text: 'Got them. I will bring the charts and the old signal lamp: it needs a new shutter, two of the slats are bent, but on a clear night it still reaches the far pier.', replyTo: papers.id });
  await say(his, { receiver: me.username, text: '🔦🌊' });
  const six = await say(mine, { receiver: other.username, text: 'Six is erly, but fine' });
  answer(await mine.emitWithAck('message:edit', { conversationId: six.conversationId, id: six.id, text: 'Six is early, but fine.' }));
  await say(his, { receiver: me.username, text: 'Coffee is on me then.' });
  const last = await say(mine, { receiver: other.username, text: 'Deal ☕', replyTo: hello.id });
  answer(await his.emitWithAck('receipt', { conversationId: last.conversationId, readSeq: last.seq }));
  for (const person of [me]) {
    // Some of it was read before, some waits.
    for (const conversation of await aldis.conversations(person)) {
      const unread = conversation.members.some(({ username }) => ['priya', 'aoi'].includes(username));
      if (!unread) answer(await mine.emitWithAck('receipt', { conversationId: conversation.id, readSeq: conversation.headSeq }));
    }
  }
  sockets.forEach((socket) => socket.close());
  return { me, other };
}

async function register(aldis: Aldis, username: string, displayName: string): Promise<Person> {
  const password = 'correct horse battery';
  await aldis.call('POST', '/auth/register', { username, password, displayName });
  await aldis.call('POST', '/auth/verify', { username, otp: '123456' });
  return { ...(await aldis.login(username)), username, password };
}

test('pictures', async ({ browser }) => {
  const aldis = await Aldis.start();
  const { me, other } = await stage(aldis);
  for (const [name, colorScheme, options] of [
    ['desktop-dark', 'dark', DESKTOP],
    ['desktop-light', 'light', DESKTOP],
    ['phone-dark', 'dark', PHONE],
    ['phone-light', 'light', PHONE],
  ] as const) {
    const page = await browserOf(browser, aldis, me, { ...options, colorScheme });
    const messenger = new Messenger(page);
    if (name === 'phone-light') {
      await page.goto('/');
      await messenger.conversation('Tomás Reyes').waitFor();
    } else {
      await messenger.open(other.username);
      await messenger.message('Deal ☕').waitFor();
    }
    await page.evaluate(() => document.fonts.ready);
    await page.waitForLoadState('networkidle');
    await page.screenshot({ path: `${FOLDER}${name}.png` });
    await page.context().close();
  }
  await aldis.end();
});
