import 'fake-indexeddb/auto';

import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Api, type Where } from '../../core/api/api';
import { trimMessages } from '../../core/disk/bounds';
import { Database } from '../../core/disk/database';
import { KeptMessages } from '../../core/disk/kept-messages';
import { open } from '../../core/disk/schema';
import { AuthService } from '../../core/session/auth-service';
import type { Message } from '../../protocol/protocol';
import { MessageStore } from './message-store';

const message = (seq: number): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  clientId: `c${seq}`,
  sender: 'bob',
  text: '',
  timestamp: '2026-03-28T10:00:00.000Z',
});
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index));

const HEAD = 2_000;
let people = 0;
let asked: (Where | undefined)[];
let answers: Promise<void>;
let store: MessageStore;

const messages = (_id: string, limit: number, where?: Where): Promise<Message[]> => {
  asked.push(where);
  const below = where && 'beforeSeq' in where ? where.beforeSeq : HEAD + 1;
  return answers.then(() => range(Math.max(1, below - limit), below - 1));
};

const seqs = () => store.thread('c')!.messages.map(({ seq }) => seq);

/** Everything above a seq is in memory. */
async function scrollTo(seq: number): Promise<void> {
  while (seqs()[0]! > seq) await store.older('c');
}

beforeEach(() => {
  asked = [];
  answers = Promise.resolve();
  const user = { username: `ann${++people}` };
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { messages } },
      { provide: AuthService, useValue: { user } },
    ],
  });
  store = TestBed.inject(MessageStore);
});

describe('messages in memory', () => {
  it('are let go of at the end of a long conversation, and come back from this browser', async () => {
    await store.open('c');
    await scrollTo(500);
    store.settle('c');
    expect(seqs()).toEqual(range(HEAD - 299, HEAD).map(({ seq }) => seq));
    const before = asked.length;
    await scrollTo(600);
    expect(asked.length).toBe(before);
    expect(seqs()).toEqual(range(seqs()[0]!, HEAD).map(({ seq }) => seq));
  });

  it('have no hole where a page comes while they are let go of', async () => {
    await store.open('c');
    await scrollTo(500);
    let answer!: () => void;
    answers = new Promise((resolve) => (answer = resolve));
    const older = store.older('c');
    await vi.waitFor(() => expect(asked.at(-1)).toEqual({ beforeSeq: seqs()[0] }));
    store.settle('c');
    answer();
    await older;
    expect(seqs()).toEqual(range(seqs()[0]!, HEAD).map(({ seq }) => seq));
  });

  it('begin where nothing is above them, and not where this browser has more', async () => {
    await store.open('c');
    await scrollTo(1);
    await store.older('c');
    expect(store.thread('c')!.top).toBe(true);
    store.settle('c');
    expect(store.thread('c')!.top).toBe(false);
    await scrollTo(1);
    await store.older('c');
    expect(store.thread('c')!.top).toBe(true);
  });
});

describe('messages in this browser', () => {
  it('are let go of where there are too many, and come from the server without a hole', async () => {
    await store.open('c');
    await scrollTo(1);
    await TestBed.inject(KeptMessages).trim('c', 500);
    // Further up than what is kept: a page from there leaves no hole in what is promised.
    store.settle('c');
    await scrollTo(1_400);
    expect(asked.at(-1)).toEqual({ beforeSeq: 1_411 });
    await TestBed.inject(KeptMessages).trim('c', 500);
    await scrollTo(1_300);
    store.settle('c');
    await scrollTo(1);
    expect(seqs()).toEqual(range(1, HEAD).map(({ seq }) => seq));
    await store.older('c');
    expect(store.thread('c')!.top).toBe(true);
  });

  it('do not seem to begin where another tab let go of the rest', async () => {
    await store.open('c');
    await scrollTo(1);
    await vi.waitFor(() => expect(store.thread('c')!.top).toBe(true));
    store.settle('c');
    const { db } = await open(`aldis:ann${people}`, { blocking: () => 0, terminated: () => 0 });
    await trimMessages(db, 'c', 500);
    db.close();
    await scrollTo(1);
    expect(seqs()).toEqual(range(1, HEAD).map(({ seq }) => seq));
  });

  it('are not promised to be all where another tab let go of what is below or above them', async () => {
    const kept = TestBed.inject(KeptMessages);
    await store.open('c');
    await TestBed.inject(Database).clear();
    await store.older('c');
    expect(await kept.span('c')).toBeUndefined();
    // The other tab reads the newest page anew.
    await kept.putHistory({ conversationId: 'c', from: HEAD - 29, whole: false }, range(HEAD - 29, HEAD));
    await scrollTo(HEAD - 200);
    expect(await kept.span('c')).toMatchObject({ from: HEAD - 29, whole: false });
  });

  it('are few in memory where nobody looks at them', async () => {
    await store.open('c');
    await store.open('d');
    await store.receive(range(HEAD + 1, HEAD + 3_000));
    expect(seqs().length).toBe(300);
    expect(seqs().at(-1)).toBe(HEAD + 3_000);
  });
});
