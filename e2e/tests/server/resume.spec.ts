/**
 * Connections cut anywhere, during replay and live traffic: what a device keeps is what the log says, each
 * time.
 */
import { expect, test } from '@playwright/test';

import type { Conversation, Message } from '../../../web/src/app/protocol/protocol.ts';
import { Aldis, answer, type Person } from '../../support/aldis.ts';
import { client, join, type Client } from '../../support/live.ts';

let aldis: Aldis;
test.beforeAll(
  async () =>
    void (aldis = await Aldis.start(['--message-burst', '1000000', '--messages-per-second', '1000000'])),
);
test.afterAll(() => aldis.end());

/** The same numbers for the same seed (a linear congruential generator). */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A device that keeps messages and a cursor, and loses what it has not kept when it is cut. */
class Device {
  private kept: { cursor?: string; messages: Map<string, Message> } = { messages: new Map() };
  messages = new Map<string, Message>();
  cuts = 0;
  readonly doubled: string[] = [];
  private live?: Client;

  constructor(
    private readonly person: Person,
    private readonly draw: (below: number) => number,
  ) {}

  /** Begins with a cursor: without one a device gets what no device of its person has got. */
  async begin(): Promise<void> {
    const live = client(aldis.url, { token: this.person.token });
    this.keep(await join(live));
    live.socket.close();
  }

  /** Connects, over and over, until `until` resolves; each time it is cut after a few events. */
  async run(until: Promise<void>): Promise<void> {
    let over = false;
    void until.then(() => (over = true));
    while (!over) await this.once(1 + this.draw(80));
    // Once more, to the end.
    await this.once(Infinity);
  }

  private async once(most: number): Promise<void> {
    this.messages = new Map(this.kept.messages);
    const live = client(
      aldis.url,
      { token: this.person.token, cursor: this.kept.cursor },
      { reconnection: false },
    );
    this.live = live;
    const over = new Promise<void>((done) => live.socket.once('disconnect', () => done()));
    let left = most;
    const take = (message: Message) => {
      this.messages.set(message.id, message);
      if (--left === 0) {
        this.cuts++;
        // As the network does it: nobody says goodbye.
        live.socket.io.engine.close();
      }
    };
    live.socket.on('message', (message) => {
      if (left <= 0) return;
      if (this.messages.has(message.id)) this.doubled.push(message.id);
      take(message);
    });
    live.socket.on('message:updated', (message) => {
      if (left > 0) take(message);
    });
    live.socket.on('sync:done', ({ cursor }) => {
      if (left > 0) this.keep(cursor);
    });
    if (most === Infinity) {
      await join(live);
      live.socket.close();
      return;
    }
    live.socket.connect();
    // It moves its cursor forward all the time, as a client does during live traffic.
    live.socket.on('sync:done', () => this.forward(live));
    // Without anything more to come it would wait for ever.
    await Promise.race([over, new Promise((done) => setTimeout(done, 50 + this.draw(100)))]);
    live.socket.io.engine.close();
    live.socket.close();
  }

  private forward(live: Client): void {
    // In the callback itself: a promise would come behind events that follow the answer.
    live.socket.emit('sync', {}, (reply) => {
      if (this.live !== live || !live.socket.connected) return;
      this.keep(answer(reply).cursor);
      this.forward(live);
    });
  }

  private keep(cursor: string): void {
    this.kept = { cursor, messages: new Map(this.messages) };
  }
}

for (const seed of [1, 2, 3]) {
  test(`two devices a person are cut at random and miss nothing (${seed})`, async () => {
    const draw = random(seed);
    const [ann, bob, eve] = [await aldis.person('ann'), await aldis.person('bob'), await aldis.person('eve')];
    const group = await aldis.call<Conversation>(
      'POST',
      '/api/conversations',
      { title: 'Crew', members: [bob.username, eve.username] },
      ann.token,
    );
    const devices = [bob, bob, eve, eve].map(
      (person, number) => new Device(person, random(seed * 100 + number)),
    );
    for (const device of devices) await device.begin();
    const senders = [client(aldis.url, ann), client(aldis.url, eve)];
    for (const sender of senders) await join(sender);

    const traffic = (async () => {
      const sent: Message[] = [];
      // On a busy machine a device may need longer until it is cut for the first time.
      const uncut = () => devices.some(({ cuts }) => cuts === 0);
      for (let round = 0; round < 40 || (round < 400 && uncut()); round++) {
        const burst = Array.from({ length: 1 + draw(12) }, async (_, n) => {
          const { socket } = senders[draw(2)]!;
          const to = draw(3) ? { conversationId: group.id } : { receiver: bob.username };
          sent.push(answer(await socket.emitWithAck('message', { ...to, text: `${round}.${n}` })));
        });
        await Promise.all(burst);
        const own = sent.filter(({ sender }) => sender === ann.username);
        const some = own[draw(own.length)];
        if (some && !draw(2))
          answer(
            await senders[0]!.socket.emitWithAck('message:edit', {
              conversationId: some.conversationId,
              id: some.id,
              text: `${some.text}!`,
            }),
          );
        else if (some)
          answer(
            await senders[0]!.socket.emitWithAck('message:react', {
              conversationId: some.conversationId,
              id: some.id,
              emoji: '👍',
              on: true,
            }),
          );
      }
    })();
    await Promise.all(devices.map((device) => device.run(traffic)));

    for (const [number, device] of devices.entries()) {
      const person = [bob, bob, eve, eve][number]!;
      const log = new Map<string, Message>();
      for (const { id, headSeq } of await aldis.conversations(person)) {
        let after = 0;
        while (after < headSeq) {
          const { items } = await aldis.call<{ items: Message[] }>(
            'GET',
            `/api/conversations/${id}/messages?afterSeq=${after}&limit=200`,
            undefined,
            person.token,
          );
          for (const message of items) log.set(message.id, message);
          after = items.at(-1)?.seq ?? headSeq;
        }
      }
      expect(device.doubled).toEqual([]);
      expect([...device.messages.keys()].sort()).toEqual([...log.keys()].sort());
      for (const [id, message] of log) expect(device.messages.get(id)).toEqual(message);
      expect(device.cuts).toBeGreaterThan(0);
    }
    for (const { socket } of senders) socket.close();
  });
}
