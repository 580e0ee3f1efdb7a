import { TestBed } from '@angular/core/testing';
import { array, assert, asyncProperty, constantFrom, nat, oneof, record, type Arbitrary } from 'fast-check';
import { NEVER } from 'rxjs';
import { expect, it } from 'vitest';

import { Api, type Where } from '../../core/api/api';
import { Database } from '../../core/disk/database';
import { KeptMessages } from '../../core/disk/kept-messages';
import type { Message } from '../../protocol/protocol';
import { message } from '../../testing/conversation';
import { type Excerpt, ExcerptStore } from './excerpt-store';
import { ExcerptReads } from './excerpt-reads';
import { MessageStore } from './message-store';
import { Quotes } from './quotes';

const HEAD = 150;
/** The id of a message ends with its seq. */
const idOf = (seq: number) => `m${seq.toString(16).padStart(8, '0')}`;

/** What happens on the server, in the line between, and here. */
type Step =
  | { readonly edit: number }
  | { readonly remove: number }
  /** An event arrives; they arrive in order. */
  | 'hear'
  /** An answer arrives, of those that are under way. */
  | { readonly answer: number }
  | 'open'
  | 'older'
  | 'settle'
  | { readonly jump: number }
  | 'up'
  | 'down'
  | { readonly quote: number };

/** In the newest page, in the pages above it, and in a part further up. */
const seq = constantFrom(5, 40, 41, 100, 119, 121, 149);
const steps: Arbitrary<Step[]> = array(
  oneof(
    { weight: 3, arbitrary: record({ edit: seq }) },
    { weight: 1, arbitrary: record({ remove: seq }) },
    { weight: 3, arbitrary: constantFrom('hear' as const) },
    { weight: 4, arbitrary: record({ answer: nat(9) }) },
    { weight: 3, arbitrary: constantFrom('older' as const, 'up' as const, 'down' as const) },
    { weight: 1, arbitrary: constantFrom('settle' as const) },
    { weight: 2, arbitrary: record({ jump: seq }) },
    { weight: 2, arbitrary: record({ quote: seq }) },
  ),
  { minLength: 4, maxLength: 30 },
);

/** A server of one conversation, and the stores of a page that looks at it. */
class World {
  private head = HEAD;
  readonly messages = Array.from({ length: HEAD }, (_, index) =>
    message(index + 1, 'bob', { id: idOf(index + 1) }),
  );
  private readonly events: Message[] = [];
  private readonly answers: (() => void)[] = [];
  private readonly kept = new Map<number, Message>();
  private readonly store: MessageStore;
  private readonly quotes: Quotes;
  private readonly reads: ExcerptReads;
  private excerpt: Excerpt | null = null;
  private quoted: ReadonlyMap<string, Message | null> = new Map();

  constructor() {
    const kept = {
      trim: () => Promise.resolve(),
      span: () => Promise.resolve(undefined),
      messages: () => Promise.resolve(null),
      message: (_id: string, seq: number) => Promise.resolve(this.kept.get(seq)),
      putHistory: (_span: object, messages: readonly Message[]) => this.keep(messages),
      putMessages: (messages: readonly Message[]) => this.keep(messages),
    };
    TestBed.resetTestingModule();
    TestBed.configureTestingModule({
      providers: [
        {
          provide: Api,
          useValue: { messages: (_id: string, limit: number, where?: Where) => this.page(limit, where) },
        },
        { provide: Database, useValue: { ready: true, trimmed$: NEVER, opened: () => undefined } },
        { provide: KeptMessages, useValue: kept },
      ],
    });
    this.store = TestBed.inject(MessageStore);
    this.quotes = TestBed.inject(Quotes);
    this.reads = TestBed.inject(ExcerptReads);
    TestBed.inject(ExcerptStore).excerpt$.subscribe((excerpt) => (this.excerpt = excerpt));
    this.quotes.found$.subscribe((quoted) => (this.quoted = quoted));
  }

  async take(step: Step): Promise<void> {
    const { store, reads } = this;
    if (step === 'hear') this.hear();
    else if (step === 'open') void store.open('c');
    else if (step === 'older') void store.older('c');
    else if (step === 'settle') store.settle('c');
    else if (step === 'up') void reads.older();
    else if (step === 'down') void reads.newer();
    else if ('edit' in step) this.change(step.edit, { text: `edited at ${this.head + 1}` });
    else if ('remove' in step) this.change(step.remove, { text: '', deletedAt: '2026-03-28T11:00:00.000Z' });
    else if ('jump' in step) void reads.go({ conversationId: 'c', seq: step.jump });
    else if ('quote' in step) void this.quotes.find('c', idOf(step.quote));
    else this.answers.splice(step.answer % Math.max(1, this.answers.length), 1)[0]?.();
    // All that follows from it, but for what waits for an answer.
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  }

  /** Everything that is still under way arrives. */
  async rest(): Promise<void> {
    while (this.events.length > 0) await this.take('hear');
    while (this.answers.length > 0) await this.take({ answer: 0 });
  }

  /** What is seen anywhere. */
  views(): Record<'thread' | 'excerpt' | 'quotes', readonly Message[]> {
    return {
      thread: this.store.thread('c')?.messages ?? [],
      excerpt: this.excerpt?.thread.messages ?? [],
      quotes: [...this.quoted.values()].filter((one) => one !== null),
    };
  }

  /** The state that the answer tells is that of the moment in which it is asked for. */
  private page(limit: number, where?: Where): Promise<Message[]> {
    const all = [...this.messages];
    let page = all.slice(-limit);
    if (where && 'beforeSeq' in where)
      page = all.slice(Math.max(0, where.beforeSeq - 1 - limit), where.beforeSeq - 1);
    else if (where && 'afterSeq' in where) page = all.slice(where.afterSeq, where.afterSeq + limit);
    else if (where && 'aroundSeq' in where) {
      const first = Math.max(0, where.aroundSeq - 1 - Math.floor(limit / 2));
      page = all.slice(first, first + limit);
    }
    return new Promise((resolve) => this.answers.push(() => resolve(page)));
  }

  private change(seq: number, more: Partial<Message>): void {
    const before = this.messages[seq - 1]!;
    if (before.deletedAt) return;
    const changed = { ...before, ...more, changeSeq: ++this.head };
    this.messages[seq - 1] = changed;
    this.events.push(changed);
  }

  private hear(): void {
    const event = this.events.shift();
    if (event) void this.store.changed(event);
  }

  private keep(messages: readonly Message[]): Promise<void> {
    for (const one of messages) {
      const held = this.kept.get(one.seq);
      if (!held || (one.changeSeq ?? 0) >= (held.changeSeq ?? 0)) this.kept.set(one.seq, one);
    }
    return Promise.resolve();
  }
}

it('a change that was heard is seen in the thread, in an excerpt and in a quote, in whatever order answers come', async () => {
  await assert(
    asyncProperty(steps, async (steps) => {
      const world = new World();
      for (const step of ['open' as const, ...steps]) await world.take(step);
      await world.rest();
      for (const [view, messages] of Object.entries(world.views()))
        for (const one of messages)
          expect({ view, ...one }).toEqual({ view, ...world.messages[one.seq - 1] });
    }),
    { numRuns: 500, seed: 1 },
  );
});
