import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import type { Conversation } from '../../protocol/protocol';
import { conversation } from '../../testing/conversation';
import { ConversationStore } from './conversation-store';
import { MuteEnds } from './mute-ends';

const MINUTE = 60_000;
let conversations$: BehaviorSubject<Conversation[]>;
const fetch = vi.fn(() => Promise.resolve());
const until = (id: string, minutes?: number) =>
  conversation({
    id,
    muted: true,
    ...(minutes && { mutedUntil: new Date(Date.now() + minutes * MINUTE).toISOString() }),
  });

beforeEach(() => {
  vi.useFakeTimers();
  fetch.mockClear();
  conversations$ = new BehaviorSubject<Conversation[]>([]);
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      {
        provide: ConversationStore,
        useValue: {
          conversations$,
          fetch,
          get items() {
            return conversations$.value;
          },
        },
      },
    ],
  });
  TestBed.inject(MuteEnds);
});
afterEach(() => vi.useRealTimers());

it('asks the server when a mute is over, and for nothing else', () => {
  conversations$.next([until('a', 60), until('b', 5), until('c')]);
  vi.advanceTimersByTime(5 * MINUTE - 1);
  expect(fetch).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fetch.mock.calls).toEqual([['b']]);
  conversations$.next([until('a', 55), conversation({ id: 'b' }), until('c')]);
  vi.advanceTimersByTime(54 * MINUTE);
  expect(fetch).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(MINUTE);
  expect(fetch.mock.calls[1]).toEqual(['a']);
});

it('asks once a minute a server whose clock is behind, or that does not answer', () => {
  fetch.mockImplementation(() => Promise.reject(new Error('offline')));
  conversations$.next([until('a', 1)]);
  vi.advanceTimersByTime(MINUTE);
  expect(fetch).toHaveBeenCalledTimes(1);
  // The same once more, as the server says it.
  conversations$.next([...conversations$.value]);
  vi.advanceTimersByTime(MINUTE - 1);
  expect(fetch).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(fetch).toHaveBeenCalledTimes(2);
});

it('waits for what is further away than a timer goes', () => {
  conversations$.next([until('a', 60 * 24 * 60)]);
  vi.advanceTimersByTime(59 * 24 * 60 * MINUTE);
  expect(fetch).not.toHaveBeenCalled();
  vi.advanceTimersByTime(24 * 60 * MINUTE);
  expect(fetch.mock.calls).toEqual([['a']]);
});
