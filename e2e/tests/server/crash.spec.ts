import { expect, test } from '@playwright/test';

import { Aldis, answer } from '../../support/aldis.ts';
import { client, type Client } from '../../support/live.ts';
import type { Message, Page } from '../../../web/src/app/protocol/protocol.ts';

const KILLS = 30;
const PAIRS = 4;

test(`${KILLS} kills under load lose, double and reorder nothing that was acknowledged`, async () => {
  test.setTimeout(300_000);
  const aldis = await Aldis.start(['--message-burst', '1000000', '--messages-per-second', '1000000']);
  const pairs: Sending[] = [];
  try {
    for (let n = 0; n < PAIRS; n++) pairs.push(await Sending.start(aldis));
    for (let kill = 0; kill < KILLS; kill++) {
      // Some progress by everybody before each kill, at a moment that differs each time.
      const goals = pairs.map((pair) => pair.acknowledged.length + 5 + ((kill * 7) % 23));
      await Promise.all(pairs.map((pair, index) => pair.reaches(goals[index]!)));
      await aldis.kill();
      await aldis.restart();
    }
    for (const pair of pairs) await pair.finish();
    for (const pair of pairs) await pair.check(aldis);
  } finally {
    for (const pair of pairs) pair.close();
    await aldis.end();
  }
});

/** One sends numbered texts and repeats what was not acknowledged; the other keeps all it receives. */
class Sending {
  readonly acknowledged: Message[] = [];
  /** By text, as often as it came. */
  private readonly received: Message[] = [];
  private cursor: string | undefined;
  private stopping = false;
  private readonly running: Promise<void>;
  private waiting: (() => void)[] = [];

  private constructor(
    private readonly receiver: string,
    private readonly token: string,
    private readonly a: Client,
    private readonly b: Client,
  ) {
    b.socket.on('message', (message) => this.received.push(message));
    // A client with a store of its own: it resumes from the cursor of what it has.
    b.socket.on('sync:done', ({ cursor }) => (this.cursor = cursor));
    b.socket.auth = (give) => give({ token, cursor: this.cursor });
    a.socket.connect();
    b.socket.connect();
    this.running = this.run();
  }

  static async start(aldis: Aldis): Promise<Sending> {
    const [ann, bob] = [await aldis.person('ann'), await aldis.person('bob')];
    const options = { reconnectionDelay: 20, reconnectionDelayMax: 100, randomizationFactor: 0.5 };
    return new Sending(
      bob.username,
      bob.token,
      client(aldis.url, ann, options),
      client(aldis.url, bob, options),
    );
  }

  /** Sends in order, eight on their way at a time; what has no answer is sent again before anything newer. */
  private async run(): Promise<void> {
    for (let next = 1; !this.stopping; next += 8) {
      let batch = Array.from({ length: 8 }, (_, index) => next + index);
      while (batch.length) {
        const sends = batch.map((n) =>
          this.a.socket
            .timeout(1000)
            .emitWithAck('message', { receiver: this.receiver, text: `${n}`, clientId: `n-${n}` }),
        );
        const replies = await Promise.allSettled(sends);
        const missing: number[] = [];
        replies.forEach((reply, index) => {
          if (reply.status === 'fulfilled') this.acknowledged.push(answer(reply.value));
          else missing.push(batch[index]!);
        });
        batch = missing;
        for (const check of this.waiting) check();
      }
    }
  }

  reaches(count: number): Promise<void> {
    return new Promise((done) => {
      this.waiting.push(() => this.acknowledged.length >= count && done());
    });
  }

  async finish(): Promise<void> {
    this.stopping = true;
    await this.running;
    const last = Math.max(...this.acknowledged.map(({ seq }) => seq));
    await expect.poll(() => this.received.some(({ seq }) => seq === last), { timeout: 20_000 }).toBe(true);
  }

  async check(aldis: Aldis): Promise<void> {
    const stored: Message[] = [];
    const { conversationId } = this.acknowledged[0]!;
    for (let after = 0; ; after = stored.at(-1)!.seq) {
      const { items } = await aldis.call<Page<Message>>(
        'GET',
        `/api/conversations/${conversationId}/messages?afterSeq=${after}&limit=200`,
        undefined,
        this.token,
      );
      if (!items.length) break;
      stored.push(...items);
    }
    // The log has no gap, and every text once, in the order in which they were sent.
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    expect(stored.map(({ text }) => text)).toEqual(stored.map((_, index) => `${index + 1}`));
    // Everything that was acknowledged is in it, as it was acknowledged.
    const byId = new Map(stored.map((message) => [message.id, message]));
    for (const message of this.acknowledged) expect(byId.get(message.id)).toEqual(message);
    // The receiver has everything; each of its connections brought it in order.
    expect(new Set(this.received.map(({ seq }) => seq))).toEqual(new Set(stored.map(({ seq }) => seq)));
    const first = new Map<number, number>();
    this.received.forEach(({ seq }, index) => first.has(seq) || first.set(seq, index));
    const order = [...first.entries()].sort(([, one], [, other]) => one - other).map(([seq]) => seq);
    expect(order).toEqual(stored.map(({ seq }) => seq));
  }

  close(): void {
    this.stopping = true;
    this.a.socket.close();
    this.b.socket.close();
  }
}
