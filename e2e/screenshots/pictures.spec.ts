import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContextOptions } from '@playwright/test';

import type { Attachment, Conversation } from '../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, type Live, type Person, say } from '../support/aldis.ts';
import { browserOf, Messenger, test } from '../support/web.ts';

// Not a test: makes the pictures of docs/screenshots with `npm run screenshots`.
const FOLDER = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 }, locale: 'en-GB' };
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
  locale: 'en-GB',
};

interface Scene {
  me: Person;
  other: Person;
  group: Conversation;
}

/** The lighthouse at night, drawn in a page. */
async function painted(browser: Browser): Promise<Uint8Array<ArrayBuffer>> {
  const page = await browser.newPage();
  const bytes = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(960, 600);
    const draw = canvas.getContext('2d')!;
    const fill = (style: string | CanvasGradient, ...points: [number, number][]) => {
      draw.fillStyle = style;
      draw.beginPath();
      points.forEach(([x, y]) => draw.lineTo(x, y));
      draw.fill();
    };
    const gradient = (from: string, to: string, x: number, y: number, dx: number, dy: number) => {
      const made = draw.createLinearGradient(x, y, dx, dy);
      made.addColorStop(0, from);
      made.addColorStop(1, to);
      return made;
    };
    fill(gradient('#0b1430', '#3b4a78', 0, 0, 0, 430), [0, 0], [960, 0], [960, 430], [0, 430]);
    draw.fillStyle = '#ffffffb0';
    for (let star = 0; star < 90; star++) draw.fillRect((star * 397) % 960, (star * star * 61) % 330, 2, 2);
    fill(gradient('#1c2a52', '#0a1124', 0, 430, 0, 600), [0, 430], [960, 430], [960, 600], [0, 600]);
    fill(gradient('#ffc65ce0', '#ffc65c00', 650, 185, 60, 90), [650, 178], [650, 192], [0, 190], [0, 20]);
    fill(
      gradient('#ffc65c90', '#ffc65c00', 680, 185, 960, 210),
      [680, 178],
      [680, 192],
      [960, 250],
      [960, 150],
    );
    fill('#070b16', [520, 470], [610, 420], [760, 405], [900, 450], [960, 470], [960, 500], [520, 500]);
    fill(gradient('#f4efe6', '#8b8ea0', 640, 0, 700, 0), [642, 205], [688, 205], [704, 412], [626, 412]);
    for (const [top, bottom] of [
      [250, 290],
      [330, 370],
    ] as const) {
      const half = (y: number) => 23 + ((y - 205) / 207) * 16;
      fill(
        '#b23a2a',
        [665 - half(top), top],
        [665 + half(top), top],
        [665 + half(bottom), bottom],
        [665 - half(bottom), bottom],
      );
    }
    fill('#ffd98a', [648, 170], [682, 170], [682, 203], [648, 203]);
    fill('#20263a', [640, 168], [690, 168], [665, 140]);
    draw.fillStyle = '#ffc65c50';
    for (let wave = 0; wave < 26; wave++)
      draw.fillRect(600 + ((wave * 53) % 130), 505 + wave * 3.6, 18 + ((wave * 29) % 40), 1.6);
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  await page.close();
  return new Uint8Array(bytes);
}

/** A harbour on a working day. */
async function stage(aldis: Aldis, picture: Uint8Array<ArrayBuffer>): Promise<Scene> {
  const names = [
    'Marta Lindqvist',
    'Tomás Reyes',
    'Harbour Office',
    'Ines Okafor',
    'Aoi Kitano',
    'Jules',
    'Priya Raman',
    'Emil Sørensen',
  ];
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
  sockets.push(
    await from(people[6]!, ['Can you sign the crew list before noon?', 'I left it on the chart table', '🙏']),
  );
  sockets.push(await from(people[5]!, ['see you at the pier']));
  await say(mine, { receiver: people[5]!.username, text: 'Ten minutes!' });
  sockets.push(await from(people[4]!, ['I sent you the pictures of the lighthouse']));
  sockets.push(await from(people[3]!, ['Wind drops after four, says the forecast']));
  sockets.push(await from(people[2]!, ['Berth 7 is yours from 05:30. The pilot boards at six.']));
  const his = await aldis.connect(other);
  sockets.push(his, mine);
  const hello = await say(his, { receiver: me.username, text: 'Morning! Did the harbour office answer?' });
  await say(mine, {
    receiver: other.username,
    text: 'They did. Berth 7 from half past five, the pilot boards at six.',
  });
  const papers = await say(mine, {
    receiver: other.username,
    text: 'Papers are here: https://harbour.example/papers/2026-11',
  });
  await say(his, {
    receiver: me.username,
    text: 'Got them. I will bring the charts and the old signal lamp: it needs a new shutter, two of the slats are bent, but on a clear night it still reaches the far pier.',
    replyTo: papers.id,
  });
  await say(his, { receiver: me.username, text: '🔦🌊' });
  const six = await say(mine, { receiver: other.username, text: 'Six is erly, but fine' });
  answer(
    await mine.emitWithAck('message:edit', {
      conversationId: six.conversationId,
      id: six.id,
      text: 'Six is early, but fine.',
    }),
  );
  await say(his, { receiver: me.username, text: 'Coffee is on me then.' });
  const last = await say(mine, { receiver: other.username, text: 'Deal ☕', replyTo: hello.id });
  answer(await his.emitWithAck('receipt', { conversationId: last.conversationId, readSeq: last.seq }));
  const group = await crew(aldis, people, picture);
  for (const person of [me]) {
    // Some of it was read before, some waits.
    for (const conversation of await aldis.conversations(person)) {
      const unread = conversation.members.some(({ username }) => ['priya', 'aoi'].includes(username));
      if (!unread)
        answer(
          await mine.emitWithAck('receipt', {
            conversationId: conversation.id,
            readSeq: conversation.headSeq,
          }),
        );
    }
  }
  sockets.forEach((socket) => socket.close());
  return { me, other, group };
}

/** Who sails tonight. */
async function crew(
  aldis: Aldis,
  [marta, tomas, , ines, aoi, , priya]: Person[],
  picture: Uint8Array<ArrayBuffer>,
): Promise<Conversation> {
  const members = [tomas, ines, aoi].map((person) => person!.username);
  const group = await aldis.call<Conversation>(
    'POST',
    '/api/conversations',
    { title: 'Evening crew', members, history: 'all' },
    marta!.token,
  );
  const conversationId = group.id;
  const sockets = await Promise.all([marta, tomas, ines, aoi].map((person) => aldis.connect(person!)));
  const [hers, his, fromInes, fromAoi] = sockets as [Live, Live, Live, Live];
  await say(hers, { conversationId, text: 'We cast off at *18:30*. Who brings what?' });
  await say(fromInes, { conversationId, text: 'Wind drops after four, then 2 to 3 from the south-west.' });
  await aldis.call('PUT', `/api/conversations/${group.id}/members/${priya!.username}`, {}, marta!.token);
  const upload = await fetch(`${aldis.url}/api/attachments?name=lighthouse.png`, {
    method: 'POST',
    headers: { authorization: `Bearer ${aoi!.token}`, 'content-type': 'image/png' },
    body: picture,
  });
  const { id } = (await upload.json()) as Attachment;
  const photo = await say(fromAoi, {
    conversationId,
    text: 'The light from the pier, last night',
    attachments: [id],
  });
  for (const [socket, emoji] of [
    [hers, '😍'],
    [his, '😍'],
    [fromInes, '🔦'],
  ] as const)
    answer(await socket.emitWithAck('message:react', { conversationId, id: photo.id, emoji, on: true }));
  const lamp = await say(his, {
    conversationId,
    text: 'The lamp is mended, @marta. It reaches the far pier again.',
    replyTo: photo.id,
  });
  await say(hers, { conversationId, text: 'Then we will be seen coming home ⚓' });
  answer(await fromAoi.emitWithAck('receipt', { conversationId, readSeq: lamp.seq + 1 }));
  sockets.forEach((socket) => socket.close());
  return group;
}

async function register(aldis: Aldis, username: string, displayName: string): Promise<Person> {
  const password = 'correct horse battery';
  await aldis.call('POST', '/auth/register', { username, password, displayName });
  await aldis.call('POST', '/auth/verify', { username, otp: '123456' });
  return { ...(await aldis.login(username)), username, password };
}

test('pictures', async ({ browser }) => {
  const aldis = await Aldis.start();
  const { me, other, group } = await stage(aldis, await painted(browser));
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
    } else if (name === 'desktop-dark') {
      await messenger.openGroup(group);
      await page.getByRole('button', { name: 'Details' }).click();
      await messenger.message('Then we will be seen coming home ⚓').waitFor();
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
