import 'fake-indexeddb/auto';

import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Failure } from '../api/problem';
import { AuthService } from '../auth/auth-service';
import { ConversationStore } from '../conversations/conversation-store';
import { type Status, WebSocketService } from '../live/web-socket-service';
import type { Message, Problem } from '../protocol/protocol';
import { Outbox } from './outbox';

const problem = (code: string, retryable: boolean): Problem => ({ code, retryable, detail: code, status: 400, title: code, type: code }) as Problem;

/** A server that stores what arrives, once for each clientId. */
class Wire {
  readonly status$ = new BehaviorSubject<Status>('online');
  readonly stored: string[] = [];
  failures: (Failure | 'lost')[] = [];

  get online() {
    return this.status$.value === 'online';
  }

  request(_event: string, { clientId, text }: { clientId: string; text: string }): Promise<Message> {
    if (!this.online) return Promise.reject(new Failure(null));
    const failure = this.failures.shift();
    if (failure instanceof Failure) return Promise.reject(failure);
    if (!this.stored.includes(text)) this.stored.push(text);
    if (failure === 'lost') return Promise.reject(new Failure(null));
    return Promise.resolve({ id: clientId, conversationId: 'c', seq: this.stored.length, clientId, sender: 'ann', text, timestamp: '' });
  }
}

let wire: Wire;
let people = 0;
let username: string;

function outbox(): Outbox {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: WebSocketService, useValue: wire },
      { provide: ConversationStore, useValue: { me: username, find: () => ({}) } },
      { provide: AuthService, useValue: { user: { username } } },
    ],
  });
  return TestBed.inject(Outbox);
}

const waiting = async (box: Outbox) => {
  let texts: string[] = [];
  box.pending$.subscribe((pending) => (texts = pending.map(({ text }) => text))).unsubscribe();
  return texts;
};

beforeEach(() => {
  wire = new Wire();
  username = `ann${++people}`;
});

describe('the outbox', () => {
  it('sends in order and is empty afterwards', async () => {
    const box = outbox();
    await Promise.all(['a', 'b', 'c'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(async () => expect(await waiting(box)).toEqual([]));
    expect(wire.stored).toEqual(['a', 'b', 'c']);
  });

  it('keeps what was written without a connection, over a reload, in order', async () => {
    wire.status$.next('offline');
    const before = outbox();
    for (const text of ['a', 'b', 'c']) await before.send({ receiver: 'bob' }, text);
    const after = outbox();
    await after.restore();
    expect(await waiting(after)).toEqual(['a', 'b', 'c']);
    await after.send({ receiver: 'bob' }, 'd');
    wire.status$.next('online');
    await vi.waitFor(async () => expect(await waiting(after)).toEqual([]));
    expect(wire.stored).toEqual(['a', 'b', 'c', 'd']);
  });

  it('lets nothing overtake a message that is tried again', async () => {
    wire.failures = [new Failure(problem('store_unavailable', true))];
    const box = outbox();
    await Promise.all(['a', 'b'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(async () => expect(await waiting(box)).toEqual([]), 3_000);
    expect(wire.stored).toEqual(['a', 'b']);
  });

  it('sends again when the answer was lost, and the message is stored once', async () => {
    wire.failures = ['lost'];
    const box = outbox();
    await box.send({ receiver: 'bob' }, 'a');
    await vi.waitFor(async () => expect(await waiting(box)).toEqual([]), 3_000);
    expect(wire.stored).toEqual(['a']);
  });

  it('keeps what was refused for good, goes on with the rest, and tries again when asked', async () => {
    wire.failures = [new Failure(problem('text_too_long', false))];
    const box = outbox();
    await Promise.all(['a', 'b'].map((text) => box.send({ receiver: 'bob' }, text)));
    await vi.waitFor(() => expect(wire.stored).toEqual(['b']));
    await vi.waitFor(async () => expect(await waiting(box)).toEqual(['a']));
    let clientId = '';
    box.pending$.subscribe(([entry]) => (clientId = entry?.clientId ?? '')).unsubscribe();
    await box.retry(clientId);
    await vi.waitFor(async () => expect(await waiting(box)).toEqual([]));
    expect(wire.stored).toEqual(['b', 'a']);
  });
});
