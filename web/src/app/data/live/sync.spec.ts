import 'fake-indexeddb/auto';

import { TestBed } from '@angular/core/testing';
import { NEVER, Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { AuthService } from '../../core/session/auth-service';
import { Outbox } from '../outbox/outbox';
import { Receipts } from '../messages/receipts';
import { ConversationStore } from '../conversations/conversation-store';
import type { Message, Synced } from '../../protocol/protocol';
import { Database } from '../../core/disk/database';
import { putChanges } from '../../core/disk/kept-changes';
import { KeptMessages } from '../../core/disk/kept-messages';
import { putRecentEmoji, recentEmoji } from '../../core/disk/recent-emoji';
import { OutboxDatabase } from '../../core/disk/outbox-database';
import { conversation } from '../../testing/conversation';
import { Sync } from './sync';
import { WebSocketService } from '../../core/line/web-socket-service';

const message = (seq: number): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  clientId: `c${seq}`,
  sender: 'bob',
  text: `${seq}`,
  timestamp: '',
});

let people = 0;
let database: Database;
let kept: KeptMessages;
let wire: {
  message$: Subject<Message>;
  synced$: Subject<Synced>;
  cursorLost$: Subject<void>;
  cursor: () => string | undefined;
};
/** What the server is asked for the cursor of what was sent. */
const asked = vi.fn(() => Promise.resolve({ cursor: 'asked' }));
const cleared = vi.fn();
const delivered = vi.fn();
/** Called last, once the cursor of a `sync:done` was kept or not. */
const remind = vi.fn();

/** Connected, with everything up to the first message stored. */
async function begin(): Promise<void> {
  delivered.mockClear();
  remind.mockClear();
  const username = `ann${++people}`;
  asked.mockClear();
  cleared.mockClear();
  wire = {
    message$: new Subject(),
    synced$: new Subject(),
    cursorLost$: new Subject(),
    cursor: () => undefined,
  };
  const socket = {
    ...wire,
    updated$: NEVER,
    receipt$: NEVER,
    conversation$: NEVER,
    status$: NEVER,
    online: true,
    request: asked,
    connect: (cursor: typeof wire.cursor) => (wire.cursor = cursor),
  };
  const conversations = {
    me: username,
    find: () => undefined,
    refresh: () => Promise.resolve([{ id: 'c' }]),
    restore: () => Promise.resolve(),
    rekeep: () => undefined,
    receive: () => undefined,
    clear: cleared,
  };
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: WebSocketService, useValue: socket },
      { provide: ConversationStore, useValue: conversations },
      {
        provide: Outbox,
        useValue: { stored$: NEVER, restore: () => Promise.resolve(), remove: () => Promise.resolve() },
      },
      { provide: Receipts, useValue: { delivered, remind, clear: cleared } },
      { provide: Api, useValue: {} },
      { provide: AuthService, useValue: { user: { username } } },
    ],
  });
  database = TestBed.inject(Database);
  kept = TestBed.inject(KeptMessages);
  await TestBed.inject(Sync).start();
  wire.message$.next(message(1));
  wire.synced$.next({ cursor: 'first' });
  await vi.waitFor(async () => expect(await database.cursor()).toBe('first'));
  await kept.putSpan({ conversationId: 'c', from: 1, whole: true });
  await vi.waitFor(() => expect(delivered).toHaveBeenCalledWith('c', 1));
  await vi.waitFor(() => expect(remind).toHaveBeenCalledOnce());
}

beforeEach(begin);

const full = () =>
  vi.spyOn(kept, 'putMessages').mockRejectedValueOnce(new DOMException('full', 'QuotaExceededError'));

describe('what arrives', () => {
  it('is kept before the cursor that stands for it', async () => {
    wire.message$.next(message(2));
    wire.synced$.next({ cursor: 'second' });
    await vi.waitFor(async () => expect(await database.cursor()).toBe('second'));
    expect((await kept.messages('c', 9, 9))?.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await kept.span('c')).toBeDefined();
  });

  it('and could not be kept leaves no promise that nothing is missing', async () => {
    full();
    wire.message$.next(message(2));
    wire.synced$.next({ cursor: 'second' });
    await vi.waitFor(async () => expect(await database.cursor()).toBe('second'));
    // Read again from the server when it is wanted.
    expect(await kept.span('c')).toBeUndefined();
  });

  it('comes again where not even that could be written down', async () => {
    full();
    const forget = vi
      .spyOn(kept, 'forgetSpans')
      .mockRejectedValue(new DOMException('full', 'QuotaExceededError'));
    wire.message$.next(message(2));
    wire.synced$.next({ cursor: 'second' });
    await vi.waitFor(() => expect(forget).toHaveBeenCalled());
    await vi.waitFor(() => expect(remind).toHaveBeenCalledTimes(2));
    expect([await database.cursor(), wire.cursor()]).toEqual(['first', 'first']);
    expect(delivered).not.toHaveBeenCalledWith('c', 2);
    // As soon as it can be, the cursor goes on.
    forget.mockRestore();
    wire.message$.next(message(3));
    wire.synced$.next({ cursor: 'third' });
    await vi.waitFor(async () => expect(await database.cursor()).toBe('third'));
    expect(await kept.span('c')).toBeUndefined();
  });
});

describe('the cursor', () => {
  afterEach(() => vi.useRealTimers());

  it('moves while there is no end of messages, too, and once they rest', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await begin();
    for (let second = 1; second <= 65; second++) {
      wire.message$.next(message(second + 1));
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(asked).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it('that the server does not know takes all with it that it stood for, and nothing else', async () => {
    const pending = { clientId: 'p', receiver: 'bob', text: 'not sent', writtenAt: 1 };
    await TestBed.inject(OutboxDatabase).put(pending);
    await putRecentEmoji(database, ['🎉']);
    await putChanges(database, 'c', []);
    await database.putConversations([conversation()]);
    wire.cursorLost$.next();
    expect([wire.cursor(), cleared.mock.calls.length]).toEqual([undefined, 2]);
    await vi.waitFor(async () => expect(await database.cursor()).toBeUndefined());
    expect([await database.conversations(), await kept.messages('c', 9, 9)]).toEqual([[], []]);
    expect(await kept.span('c')).toBeUndefined();
    expect([await TestBed.inject(OutboxDatabase).all(), await recentEmoji(database)]).toEqual([
      [pending],
      ['🎉'],
    ]);
    // Another tab hears of it, too; what this one has read since stays.
    wire.message$.next(message(1));
    wire.synced$.next({ cursor: 'anew' });
    await vi.waitFor(async () => expect(await database.cursor()).toBe('anew'));
    await database.forgetLog();
    expect(await kept.messages('c', 9, 9)).toHaveLength(1);
  });
});
