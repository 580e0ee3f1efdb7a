import { TestBed } from '@angular/core/testing';
import { BehaviorSubject, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { chatAt } from '../../core/chat-key';
import { Failure } from '../../core/http/problem';
import { type Status, WebSocketService } from '../../core/line/web-socket-service';
import type { Message, Problem, SetTyping, Typing } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';
import { TypingStore, typingNote, type Typists } from './typing-store';

const BOB = { receiver: 'bob' };
const CAT = { receiver: 'cat' };

class Wire {
  readonly status$ = new BehaviorSubject<Status>('online');
  readonly typing$ = new Subject<Typing>();
  readonly message$ = new Subject<Partial<Message>>();
  readonly sent: SetTyping[] = [];
  refusal: Failure | null = null;

  get online() {
    return this.status$.value === 'online';
  }

  request(_event: string, payload: SetTyping) {
    this.sent.push(payload);
    return this.refusal ? Promise.reject(this.refusal) : Promise.resolve({});
  }
}

let wire: Wire;
let store: TypingStore;
let typists: Typists;

beforeEach(() => {
  vi.useFakeTimers();
  wire = new Wire();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: WebSocketService, useValue: wire },
      { provide: ConversationStore, useValue: { me: 'ann' } },
    ],
  });
  store = TestBed.inject(TypingStore);
  store.typists$.subscribe((now) => (typists = now));
});

afterEach(() => vi.useRealTimers());

describe('typing, told', () => {
  it('goes out at most every three seconds, and its end at once', () => {
    for (let tenth = 0; tenth < 70; tenth++) {
      store.typed(chatAt(BOB), false);
      vi.advanceTimersByTime(100);
    }
    expect(wire.sent).toEqual([1, 2, 3].map(() => ({ ...BOB, typing: true })));
    store.stopped();
    store.stopped();
    expect(wire.sent.slice(3)).toEqual([{ ...BOB, typing: false }]);
  });

  it('ends when the text is cleared, and when one goes elsewhere', () => {
    store.typed(chatAt(BOB), false);
    store.typed(chatAt(BOB), true);
    store.typed(chatAt(BOB), true);
    // Too soon for the server: with the next key.
    store.typed(chatAt(BOB), false);
    vi.advanceTimersByTime(400);
    store.typed(chatAt(BOB), false);
    store.typed(chatAt(CAT), false);
    const told = wire.sent.map(({ receiver, typing }) => `${receiver} ${typing}`);
    expect(told).toEqual(['bob true', 'bob false', 'bob true', 'bob false', 'cat true']);
  });

  it('is kept to oneself where the server does not know it, until the next connection', async () => {
    wire.refusal = new Failure({ code: 'event_unknown' } as Problem);
    store.typed(chatAt(BOB), false);
    await vi.advanceTimersByTimeAsync(4_000);
    store.typed(chatAt(BOB), false);
    store.stopped();
    expect(wire.sent).toHaveLength(1);
    wire.status$.next('offline');
    store.typed(chatAt(BOB), false);
    expect(wire.sent).toHaveLength(1);
    wire.status$.next('online');
    await vi.advanceTimersByTimeAsync(4_000);
    store.typed(chatAt(BOB), false);
    expect(wire.sent).toHaveLength(2);
  });
});

describe('typing, heard', () => {
  const typing = (username: string, typing = true) =>
    wire.typing$.next({ conversationId: 'c', username, typing });

  it('is forgotten five seconds after it was last said', () => {
    typing('bob');
    vi.advanceTimersByTime(3_000);
    typing('bob');
    vi.advanceTimersByTime(4_900);
    expect(typists.get('c')).toEqual(['bob']);
    vi.advanceTimersByTime(200);
    expect(typists.size).toBe(0);
  });

  it('ends with the word, and with the message', () => {
    typing('bob');
    typing('cat');
    expect(typists.get('c')).toEqual(['bob', 'cat']);
    typing('bob', false);
    expect(typists.get('c')).toEqual(['cat']);
    wire.message$.next({ conversationId: 'c', sender: 'cat' });
    expect(typists.size).toBe(0);
  });

  it('of oneself, on another device, is not shown', () => {
    typing('ann');
    expect(typists.size).toBe(0);
  });
});

describe('the note', () => {
  const names = new Map([
    ['bob', 'Bob'],
    ['cat', 'Cat'],
  ]);

  it('names people in a group only', () => {
    expect(typingNote([], names)).toBe('');
    expect(typingNote(['bob'], null)).toBe('typing…');
    expect(typingNote(['bob'], names)).toBe('Bob is typing…');
    expect(typingNote(['bob', 'cat'], names)).toBe('Bob and Cat are typing…');
    expect(typingNote(['bob', 'cat', 'dan'], names)).toBe('3 people are typing…');
  });
});
