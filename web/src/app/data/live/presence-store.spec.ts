import { TestBed } from '@angular/core/testing';
import { BehaviorSubject, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Failure } from '../../core/http/problem';
import { type Status, WebSocketService } from '../../core/line/web-socket-service';
import type { Conversation, Presence, Problem } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';
import { PresenceStore, type Presences } from './presence-store';

const direct = (username: string) =>
  ({ id: username, kind: 'direct', members: [{ username: 'ann' }, { username }] }) as Conversation;
const group = { id: 'g', kind: 'group', members: [{ username: 'ann' }, { username: 'zoe' }] } as Conversation;

class Wire {
  readonly status$ = new BehaviorSubject<Status>('connecting');
  readonly presence$ = new Subject<Presence>();
  readonly asked: string[][] = [];
  refusal: Failure | null = null;

  get online() {
    return this.status$.value === 'online';
  }

  request(_event: string, { usernames }: { usernames: string[] }) {
    this.asked.push(usernames);
    return this.refusal
      ? Promise.reject(this.refusal)
      : Promise.resolve(usernames.map((username) => ({ username, online: username === 'bob' })));
  }
}

class Conversations {
  readonly me = 'ann';
  items: Conversation[] = [direct('bob'), group];
  readonly conversations$ = new BehaviorSubject(this.items);

  set(items: Conversation[]) {
    this.items = items;
    this.conversations$.next(items);
  }
}

let wire: Wire;
let conversations: Conversations;
let presences: Presences;
const settle = () => vi.advanceTimersByTimeAsync(250);

beforeEach(async () => {
  vi.useFakeTimers();
  wire = new Wire();
  conversations = new Conversations();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: WebSocketService, useValue: wire },
      { provide: ConversationStore, useValue: conversations },
    ],
  });
  TestBed.inject(PresenceStore).presences$.subscribe((now) => (presences = now));
  await settle();
});

afterEach(() => vi.useRealTimers());

describe('presence', () => {
  it('is asked for the others of direct conversations, once, and again when they change', async () => {
    expect(wire.asked).toEqual([]);
    wire.status$.next('online');
    await settle();
    expect(wire.asked).toEqual([['bob']]);
    expect(presences.get('bob')?.online).toBe(true);
    // The same people in another order are the same people.
    conversations.set([group, direct('bob')]);
    await settle();
    expect(wire.asked).toHaveLength(1);
    conversations.set([direct('cat'), direct('bob')]);
    await settle();
    expect(wire.asked[1]).toEqual(['cat', 'bob']);
  });

  it('follows what is told', async () => {
    wire.status$.next('online');
    await settle();
    wire.presence$.next({ username: 'bob', online: false, lastSeen: '2026-03-28T10:00:00.000Z' });
    expect(presences.get('bob')).toMatchObject({ online: false, lastSeen: '2026-03-28T10:00:00.000Z' });
  });

  it('is not known without a connection, and asked again after it', async () => {
    wire.status$.next('online');
    await settle();
    wire.status$.next('offline');
    expect(presences.size).toBe(0);
    wire.status$.next('online');
    await settle();
    expect(wire.asked).toHaveLength(2);
    expect(presences.get('bob')?.online).toBe(true);
  });

  it('is asked for whoever is looked at besides, once', async () => {
    wire.status$.next('online');
    await settle();
    const store = TestBed.inject(PresenceStore);
    store.watchAlso('Zoe');
    await settle();
    store.watchAlso('BOB');
    await settle();
    expect(wire.asked).toEqual([['bob'], ['Zoe', 'bob'], ['bob']]);
  });

  it('is asked for at most a thousand, those with the newest activity', async () => {
    conversations.set(Array.from({ length: 1_200 }, (_, index) => direct(`person-${index}`)));
    wire.status$.next('online');
    await settle();
    expect(wire.asked[0]).toHaveLength(1_000);
    expect(wire.asked[0]![0]).toBe('person-0');
  });

  it('stays quiet where the server does not know it', async () => {
    wire.refusal = new Failure({ code: 'event_unknown' } as Problem);
    wire.status$.next('online');
    await settle();
    await settle();
    expect(wire.asked).toHaveLength(1);
    expect(presences.size).toBe(0);
  });
});
