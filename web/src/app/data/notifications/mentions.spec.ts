import { TestBed } from '@angular/core/testing';
import { BehaviorSubject, Subject } from 'rxjs';
import { expect, it } from 'vitest';

import { UserSet } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import type { Message } from '../../protocol/protocol';
import { conversation } from '../../testing/conversation';
import { Blocks } from '../people/blocks';
import { Mentions } from './mentions';

const message = (seq: number, mentions?: string[], part: Partial<Message> = {}): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  clientId: `c${seq}`,
  sender: 'Bob',
  text: '',
  timestamp: '2026-03-28T10:00:00.000Z',
  ...(mentions && { mentions }),
  ...part,
});

function begin() {
  const wire = { message$: new Subject<Message>(), updated$: new Subject<Message>() };
  const blocked$ = new BehaviorSubject(new UserSet(['Eve']));
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: WebSocketService, useValue: wire },
      { provide: Blocks, useValue: { blocked$ } },
      { provide: AuthService, useValue: { user: { username: 'Ann' } } },
    ],
  });
  const mentions = TestBed.inject(Mentions);
  const unread = (readSeq = 0) => {
    const members = [
      { username: 'Ann', displayName: 'Ann', role: 'member' as const, deliveredSeq: 9, readSeq },
    ];
    return mentions.unread(conversation({ id: 'c', kind: 'group', members }));
  };
  return { ...wire, unread };
}

it('are those of others that were not read, in any spelling, each once', () => {
  const { message$, unread } = begin();
  message$.next(message(1, ['ANN']));
  message$.next(message(1, ['ANN']));
  message$.next(message(2, ['ann'], { sender: 'eve' }));
  message$.next(message(3, ['ann'], { sender: 'ANN' }));
  message$.next(message(4));
  message$.next(message(5, ['bob', 'Ann']));
  expect([unread(), unread(1), unread(5)]).toEqual([2, 1, 0]);
});

it('come and go as the message is changed', () => {
  const { message$, updated$, unread } = begin();
  message$.next(message(1, ['ann']));
  message$.next(message(2));
  updated$.next(message(2, ['ann'], { changeSeq: 3 }));
  expect(unread()).toBe(2);
  updated$.next(message(1, [], { changeSeq: 4 }));
  expect(unread()).toBe(1);
  updated$.next(message(2, ['ann'], { changeSeq: 5, deletedAt: '2026-03-28T10:00:00.000Z' }));
  expect(unread()).toBe(0);
});
