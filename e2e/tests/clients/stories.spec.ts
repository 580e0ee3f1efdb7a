import { expect, test } from '@playwright/test';

import { Aldis, type Person, say } from '../../support/aldis.ts';
import { client, join } from '../../support/live.ts';
import { type Library, LIBRARIES, Program } from '../../support/library.ts';
import { Network } from '../../support/network.ts';

// What every client library is promised; e2e/clients/README.md has the results.

const TRANSPORTS = ['polling', 'websocket'];
/** Programs and servers take their time to start where others are busy, too. */
const eventually = expect.configure({ timeout: 20_000 });
/** How soon a client must be back by itself. */
const soon = expect.configure({ timeout: 10_000 });

/** A server, two people, and what ends with the test. */
async function story(flags: string[], told: (aldis: Aldis, ann: Person, bob: Person, own: <T extends Ending>(thing: T) => T) => Promise<void>): Promise<void> {
  const aldis = await Aldis.start(flags);
  const things: Ending[] = [];
  const own = <T extends Ending>(thing: T): T => (things.push(thing), thing);
  try {
    await told(aldis, await aldis.person('Ann'), await aldis.person('Bob'), own);
  } finally {
    for (const thing of things) await thing.end();
    await aldis.end();
  }
}
interface Ending {
  end(): unknown;
}

/** Bob, with the official client of today. */
async function official(aldis: Aldis, bob: Person, own: <T extends Ending>(thing: T) => T) {
  const inbox = client(aldis.url, bob);
  own({ end: () => inbox.socket.close() });
  await join(inbox);
  return inbox;
}

/** Go's library sends nothing while its poll is unanswered, which a ping ends. */
const PINGS = ['--ping-interval', '2s'];

const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `${from + n}`);

for (const library of LIBRARIES) {
  const program = (url: string, { token }: { token: string }) => Program.start(library, url, token);
  const lacks = (what: NonNullable<Library['lacks']>[number]) => library.lacks?.includes(what) ?? false;

  test(`${library.name}: talks, is answered, and hears why it is refused`, () =>
    story(['--memory', ...PINGS], async (aldis, ann, bob, own) => {
      const { socket, messages } = await official(aldis, bob, own);
      const speaker = own(program(aldis.url, ann));
      const names = lacks('upgrades') ? TRANSPORTS : ['either', ...TRANSPORTS];
      for (const name of names) speaker.connect(name, name === 'either' ? {} : { transports: [name] });
      for (const [n, name] of names.entries()) {
        await eventually.poll(() => speaker.of(name, 'sync:done')).toHaveLength(1);
        const asked = speaker.emit(name, 'message', { receiver: bob.username, text: `by ${name}` });
        await eventually.poll(() => speaker.answers().get(asked)).toMatchObject({ status: 'ok', data: { text: `by ${name}` } });
        await messages.reaches(n + 1);
        const empty = speaker.emit(name, 'message', { receiver: bob.username, text: '' });
        await eventually.poll(() => speaker.answers().get(empty)).toMatchObject({ status: 'error', error: { code: 'text_empty' } });
      }
      await say(socket, { receiver: ann.username, text: 'Back' });
      for (const name of names) await eventually.poll(() => speaker.messages(name).at(-1)?.text).toBe('Back');

      speaker.renew('nonsense');
      for (const transport of TRANSPORTS) {
        speaker.connect(`refused ${transport}`, { transports: [transport] });
        await eventually.poll(() => JSON.stringify(speaker.of(`refused ${transport}`, 'connect_error'))).toContain('token_invalid');
      }
    }));

  test(`${library.name}: another namespace is refused, and the connection lives on`, () => {
    test.skip(lacks('namespaces'), 'it has one namespace a connection, or cannot have one of several refused');
    return story(['--memory', ...PINGS], async (aldis, ann, bob, own) => {
      const speaker = own(program(aldis.url, ann));
      for (const transport of TRANSPORTS) {
        speaker.connect(transport, { transports: [transport], namespaces: ['/', '/chat'] });
        await eventually.poll(() => speaker.of(transport, 'connect_error', '/chat').length).toBeGreaterThan(0);
        await eventually.poll(() => speaker.of(transport, 'sync:done')).toHaveLength(1);
        const asked = speaker.emit(transport, 'message', { receiver: bob.username, text: transport });
        await eventually.poll(() => speaker.answers().get(asked)).toMatchObject({ status: 'ok' });
        expect(speaker.of(transport, 'disconnect')).toEqual([]);
        expect(speaker.of(transport, 'connect')).toHaveLength(1);
        expect(JSON.stringify(speaker.of(transport, 'connect_error', '/chat')[0])).toMatch(/namespace/i);
      }
    });
  });

  for (const transport of TRANSPORTS) {
    test(`${library.name}: 300 messages written while offline arrive over ${transport}, once and in order`, () =>
      story(['--memory', ...PINGS], async (aldis, ann, bob, own) => {
        const { messages } = await official(aldis, bob, own);
        const network = own(await Network.before(aldis.url));
        const speaker = own(program(network.url, ann));
        speaker.connect('ann', { transports: [transport] });
        await eventually.poll(() => speaker.of('ann', 'sync:done')).toHaveLength(1);
        network.cut();
        if (!lacks('word of a lost connection')) await eventually.poll(() => speaker.of('ann', 'disconnect')).toHaveLength(1);
        const written = texts(0, 300).map((text) => text.padEnd(1024, '.'));
        const asked = written.map((text, n) => speaker.emit('ann', 'message', { receiver: bob.username, text, clientId: `c-${n}` }));
        await speaker.told();
        network.restore();
        await eventually.poll(() => messages.items.map(({ text }) => text)).toEqual(written);
        expect(speaker.of('ann', 'disconnect').length).toBeLessThanOrEqual(1);
        const answered = () => asked.filter((ack) => speaker.answers().get(ack)?.status === 'ok').length;
        if (!lacks('many answers')) await eventually.poll(answered).toBe(300);
      }));
  }

  for (const [how, end] of [
    ['a restart', (aldis: Aldis) => aldis.stop()],
    ['a crash', (aldis: Aldis) => aldis.kill()],
  ] as const) {
    test(`${library.name}: is back by itself within ten seconds after ${how}, with what was missed`, () =>
      story([], async (aldis, ann, bob, own) => {
        const listener = own(program(aldis.url, ann));
        const others = own(program(aldis.url, bob));
        for (const transport of TRANSPORTS) {
          listener.connect(transport, { transports: [transport] });
          await eventually.poll(() => listener.of(transport, 'sync:done')).toHaveLength(1);
        }
        others.connect('bob', lacks('upgrades') ? { transports: ['websocket'] } : {});
        await eventually.poll(() => others.of('bob', 'sync:done')).toHaveLength(1);
        await end(aldis);
        await aldis.restart();
        for (const transport of TRANSPORTS) await soon.poll(() => listener.of(transport, 'sync:done').length, { message: transport }).toBe(2);
        await soon.poll(() => others.of('bob', 'sync:done').length).toBe(2);
        const asked = others.emit('bob', 'message', { receiver: ann.username, text: 'Still there?' });
        await eventually.poll(() => others.answers().get(asked)).toMatchObject({ status: 'ok' });
        for (const transport of TRANSPORTS) await eventually.poll(() => listener.messages(transport).map(({ text }) => text)).toEqual(['Still there?']);
      }));
  }

  for (const transport of TRANSPORTS) {
    test(`${library.name}: loses nothing over ${transport} when its network vanishes, and nothing counts as delivered before`, () =>
      story(['--memory', '--ping-interval', '2s', '--ping-timeout', '1s'], async (aldis, ann, bob, own) => {
        const { socket } = await official(aldis, bob, own);
        const network = own(await Network.before(aldis.url));
        const listener = own(program(network.url, ann));
        listener.connect('ann', { transports: [transport] });
        await eventually.poll(() => listener.of('ann', 'sync:done')).toHaveLength(1);
        const delivered = async () => {
          const [conversation] = await aldis.conversations(bob);
          return conversation!.members!.find(({ username }) => username === ann.username)!.deliveredSeq;
        };
        // What is in doubt may come twice.
        const distinct = () => {
          const messages = [...new Map(listener.messages('ann').map((message) => [message.id, message])).values()];
          if (lacks('order')) messages.sort((a, b) => a.seq - b.seq);
          return messages.map(({ text }) => text);
        };

        for (const text of texts(0, 5)) await say(socket, { receiver: ann.username, text });
        await eventually.poll(distinct).toEqual(texts(0, 5));
        await eventually.poll(delivered).toBe(5);
        network.vanish();
        for (const text of texts(5, 55)) await say(socket, { receiver: ann.username, text });
        // Until the server has given her up.
        await eventually
          .poll(async () => {
            const answer = await socket.emitWithAck('presence:watch', { usernames: [ann.username] });
            return answer.status === 'ok' && answer.data[0]!.online;
          })
          .toBe(false);
        expect(await delivered()).toBe(5);
        network.restore();
        await eventually.poll(distinct).toEqual(texts(0, 55));
        await eventually.poll(delivered).toBe(55);
      }));
  }

  test(`${library.name}: a renewed token is used when it comes back`, () =>
    story(['--token-lifetime', '8s'], async (aldis, ann, _bob, own) => {
      const listener = own(program(aldis.url, ann));
      // Some take long to start.
      listener.renew(ann.token);
      await listener.lines.until((lines) => lines.some(({ did }) => did === 'token'));
      const { token } = await aldis.login(ann.username);
      listener.renew(token);
      listener.connect('ann');
      await eventually.poll(() => listener.of('ann', 'sync:done')).toHaveLength(1);
      // The token is of no use any more, and the connection is none the worse for it.
      await eventually.poll(async () => (await aldis.request('GET', '/api/users/me', undefined, token)).status).toBe(401);
      listener.renew((await aldis.login(ann.username)).token);
      await aldis.kill();
      await aldis.restart();
      await soon.poll(() => listener.of('ann', 'sync:done')).toHaveLength(2);
    }));

  test(`${library.name}: auth is taken as strings alone, and as one string`, () =>
    story(['--memory'], async (aldis, ann, bob, own) => {
      const { socket } = await official(aldis, bob, own);
      const listener = own(program(aldis.url, ann));
      // All that the maps of some languages can hold.
      const shapes: [string, unknown][] = [['strings', { token: ann.token, acks: 'true', device: 'phone' }]];
      if (!lacks('auth of any shape')) shapes.push(['string', ann.token]);
      for (const [name, auth] of shapes) {
        listener.connect(name, { auth });
        await eventually.poll(() => listener.of(name, 'sync:done')).toHaveLength(1);
      }
      await say(socket, { receiver: ann.username, text: 'Hello' });
      for (const [name] of shapes) {
        await eventually.poll(() => listener.messages(name).map(({ text }) => text)).toEqual(['Hello']);
        expect(listener.of(name, 'request:error')).toEqual([]);
      }
    }));
}
