import { TestBed } from '@angular/core/testing';
import { firstValueFrom } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Api, type Where } from '../../core/api/api';
import { KeptMessages } from '../../core/disk/kept-messages';
import { Failure } from '../../core/http/problem';
import type { Message } from '../../protocol/protocol';
import { ExcerptReads } from './excerpt-reads';
import { type Excerpt, ExcerptStore } from './excerpt-store';
import { LatestMessages } from './latest-messages';
import { MessageStore } from './message-store';
import { EMPTY, type Thread } from './thread';

/** One message an hour. */
const at = (seq: number) => new Date(Date.UTC(2026, 0, 1, seq));
const message = (seq: number): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  clientId: `c${seq}`,
  sender: 'bob',
  text: `${seq}`,
  timestamp: at(seq).toISOString(),
});
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

/** A conversation of 1,000 messages of which the last 30 are in memory. */
let thread: Thread;
let failing: boolean;
let asked: Where[];
/** What this browser keeps. */
let promised: { from: number } | undefined;
const kept = (_id: string, before: number, limit: number) =>
  Promise.resolve(range(1, before - 1).slice(-limit));
let store: ExcerptStore;
let reads: ExcerptReads;
let excerpt: Excerpt | null;
let views: number;
const joined = vi.fn();

async function messages(_id: string, limit: number, where: Where): Promise<Message[]> {
  if (failing) throw new Failure(null);
  const all = range(1, 1_000);
  if ('beforeSeq' in where) return all.slice(Math.max(0, where.beforeSeq - 1 - limit), where.beforeSeq - 1);
  if ('afterSeq' in where) return all.slice(where.afterSeq, where.afterSeq + limit);
  asked.push(where);
  const seq =
    'aroundTime' in where
      ? all.findIndex((one) => one.timestamp >= where.aroundTime) + 1 || 1_001
      : where.aroundSeq;
  const first = Math.max(0, seq - limit / 2);
  return all.slice(first, first + limit);
}

beforeEach(() => {
  thread = { ...EMPTY, messages: range(971, 1_000), from: 971, loading: false };
  failing = false;
  asked = [];
  promised = undefined;
  joined.mockClear();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { messages } },
      { provide: KeptMessages, useValue: { span: () => Promise.resolve(promised), messages: kept } },
      {
        provide: MessageStore,
        useValue: { thread: (id: string) => (id === 'c' ? thread : undefined), join: joined },
      },
    ],
  });
  store = TestBed.inject(ExcerptStore);
  reads = TestBed.inject(ExcerptReads);
  store.excerpt$.subscribe((now) => (excerpt = now));
  store.view$.subscribe((now) => (views = now));
});

const span = () => [excerpt?.thread.messages[0]?.seq, excerpt?.thread.messages.at(-1)?.seq];

describe('a jump', () => {
  it('to what is in memory shows no other part', async () => {
    await reads.go({ conversationId: 'c', seq: 980 });
    expect(excerpt).toBeNull();
    expect(views).toBe(0);
  });

  it('far up shows the part around it, which grows at both ends', async () => {
    const loading: (boolean | undefined)[] = [];
    store.excerpt$.subscribe((now) => loading.push(now?.thread.loading));
    await reads.go({ conversationId: 'c', seq: 500 });
    expect(loading).toEqual([undefined, true, false]);
    expect(span()).toEqual([471, 530]);
    expect(excerpt?.thread.loading).toBe(false);
    await reads.newer();
    expect(span()).toEqual([471, 580]);
    await reads.older();
    expect(span()).toEqual([421, 580]);
    for (let page = 0; page < 9; page++) await reads.older();
    expect(span()).toEqual([1, 580]);
    expect(excerpt?.thread).toMatchObject({ whole: true });
    // What changes in it changes here.
    TestBed.inject(LatestMessages).hear({ ...message(500), text: 'edited', changeSeq: 1_001 });
    expect(excerpt?.thread.messages[499]?.text).toBe('edited');
    // Again, to what it holds: the same part.
    const before = views;
    await reads.go({ conversationId: 'c', seq: 400 });
    expect(views).toBe(before);
  });

  it('to a time leads to the first message that was sent then or later, or to the last one', async () => {
    const goSince = async (time: Date) => {
      await reads.goSince('c', time);
      return (await firstValueFrom(store.target$))?.seq;
    };
    expect(await goSince(new Date(+at(500) - 1))).toBe(500);
    expect(span()).toEqual([471, 530]);
    // The part that found it is the one that is shown.
    expect(asked).toHaveLength(1);
    expect(await goSince(at(0))).toBe(1);
    // Of what is in memory nobody is asked, nor where all of it is.
    expect(await goSince(at(980))).toBe(980);
    expect(await goSince(at(2_000))).toBe(1_000);
    thread = { ...thread, top: true };
    expect(await goSince(at(0))).toBe(971);
    expect(asked).toHaveLength(2);
    expect(excerpt).toBeNull();
    thread = EMPTY;
    failing = true;
    await expect(reads.goSince('c', at(5))).rejects.toThrow();
  });

  it('leads to what this browser keeps where the server is not reached, if nothing of it is missing', async () => {
    failing = true;
    promised = { from: 480 };
    await reads.go({ conversationId: 'c', seq: 500 });
    expect(span()).toEqual([480, 529]);
    expect(excerpt?.thread.failure).toBeNull();
    await reads.go({ conversationId: 'c', seq: 300 });
    expect(excerpt?.thread.failure).toContain('cannot be reached');
  });

  it('joins the thread where it meets it, and nobody sees that', async () => {
    await reads.go({ conversationId: 'c', seq: 860 });
    const before = views;
    await reads.newer();
    expect(joined).not.toHaveBeenCalled();
    await reads.newer();
    expect(joined).toHaveBeenCalledOnce();
    expect((joined.mock.calls[0]![1] as Thread).messages.at(-1)!.seq).toBeGreaterThanOrEqual(971);
    expect(excerpt).toBeNull();
    expect(views).toBe(before);
  });

  it('that fails can be tried again', async () => {
    failing = true;
    await reads.go({ conversationId: 'c', seq: 500 });
    expect(excerpt?.thread).toMatchObject({ loading: false, messages: [] });
    expect(excerpt?.thread.failure).not.toBeNull();
    failing = false;
    await reads.older();
    expect(span()).toEqual([471, 530]);
    expect(excerpt?.thread.failure).toBeNull();
  });

  it('ends when one leaves, and is not ended by leaving another', async () => {
    await reads.go({ conversationId: 'c', seq: 500 });
    store.leave('d');
    expect(excerpt).not.toBeNull();
    store.leave('c');
    expect(excerpt).toBeNull();
  });
});
