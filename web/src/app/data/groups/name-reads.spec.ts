import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import type { Conversation, Member, Problem } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';
import { GroupChangeStore } from '../messages/group-change-store';
import { MessageStore } from '../messages/message-store';
import { Names } from '../people/names';
import { MemberStore } from './member-store';
import { NameReads } from './name-reads';

const member = (username: string): Member => ({
  username,
  displayName: username,
  role: 'member',
  deliveredSeq: 0,
  readSeq: 0,
});
const group = (memberCount: number, ...members: string[]) =>
  ({ id: 'g', kind: 'group', memberCount, members: members.map(member) }) as unknown as Conversation;
const senders = (...usernames: string[]) =>
  new Map([['g', { messages: usernames.map((sender) => ({ sender })) }]]);

let conversations$: BehaviorSubject<readonly Conversation[]>;
let threads$: BehaviorSubject<ReadonlyMap<string, unknown>>;
let changes$: BehaviorSubject<ReadonlyMap<string, unknown>>;
let members$: BehaviorSubject<ReadonlyMap<string, readonly Member[]>>;
const user = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  conversations$ = new BehaviorSubject<readonly Conversation[]>([]);
  threads$ = new BehaviorSubject<ReadonlyMap<string, unknown>>(new Map());
  changes$ = new BehaviorSubject<ReadonlyMap<string, unknown>>(new Map());
  members$ = new BehaviorSubject<ReadonlyMap<string, readonly Member[]>>(new Map());
  user
    .mockReset()
    .mockImplementation((username: string) =>
      Promise.resolve({ username, displayName: `${username} Smith` }),
    );
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { user } },
      { provide: ConversationStore, useValue: { conversations$ } },
      { provide: MessageStore, useValue: { threads$ } },
      { provide: GroupChangeStore, useValue: { changes$ } },
      { provide: MemberStore, useValue: { members$ } },
    ],
  });
  TestBed.inject(NameReads);
});
afterEach(() => vi.useRealTimers());

const asked = () => user.mock.calls.map(([username]) => username as string);

describe('the names of people who left', () => {
  it('are read once each, in whatever spelling, the newest first', async () => {
    conversations$.next([group(1, 'Ann')]);
    threads$.next(senders('cat', 'ann', 'Bob', 'bob'));
    changes$.next(new Map([['g', [{ by: 'dan', left: ['CAT'] }]]]));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked()).toEqual(['CAT', 'dan', 'bob']);
    threads$.next(senders('cat', 'ann', 'Bob', 'bob', 'ann'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked()).toHaveLength(3);
    expect(TestBed.inject(Names).known().get('BOB')).toBe('bob Smith');
  });

  it('of a large group wait until its members are read, but for who wrote last', async () => {
    conversations$.next([{ ...group(3, 'ann'), lastMessage: { sender: 'eve' } } as Conversation]);
    threads$.next(senders('bob', 'eve'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked()).toEqual(['eve']);
    members$.next(new Map([['g', [member('ann'), member('dan')]]]));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked()).toEqual(['eve', 'bob']);
  });

  it('are asked for again after a failure, and not where there is nobody', async () => {
    user
      .mockRejectedValueOnce(new Failure(null))
      .mockRejectedValueOnce(new Failure({ code: 'not_found' } as Problem));
    conversations$.next([group(1, 'ann')]);
    threads$.next(senders('cat', 'bob'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked()).toEqual(['bob', 'cat']);
    threads$.next(senders('cat', 'bob'));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked()).toEqual(['bob', 'cat', 'bob']);
  });

  it('are bounded', async () => {
    conversations$.next([group(1, 'ann')]);
    threads$.next(senders(...Array.from({ length: 600 }, (_, index) => `user${index}`)));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked()).toHaveLength(500);
    expect(asked()[0]).toBe('user599');
  });
});
