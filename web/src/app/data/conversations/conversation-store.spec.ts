import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { chatIn, chatWith } from '../../core/chat-key';
import { Database } from '../../core/disk/database';
import { AuthService } from '../../core/session/auth-service';
import type { Conversation, Page } from '../../protocol/protocol';
import { conversation, message } from '../../testing/conversation';
import { ConversationStore } from './conversation-store';

/** Ann's group of this number; the higher, the longer nothing was said in it. */
function group(number: number, more: Partial<Conversation> = {}): Conversation {
  const timestamp = new Date(Date.UTC(2026, 2, 28) - number * 60_000).toISOString();
  const lastMessage = { ...message(5, 'bob'), timestamp };
  return conversation({ id: `g${number}`, kind: 'group', title: `${number}`, lastMessage, ...more });
}

let server: Conversation[];
let pages: (string | undefined)[];
let store: ConversationStore;

beforeEach(() => {
  vi.useFakeTimers();
  server = [1, 2, 3, 4, 5].map((number) => group(number));
  pages = [];
  const api = {
    conversations: (next?: string): Promise<Page<Conversation>> => {
      pages.push(next);
      const from = Number(next ?? 0);
      const items = server.slice(from, from + 2);
      return Promise.resolve(from + 2 < server.length ? { items, next: String(from + 2) } : { items });
    },
    conversation: vi.fn((id: string) => Promise.resolve(server.find((one) => one.id === id))),
    conversationWith: vi.fn(() => Promise.resolve<Conversation | undefined>(conversation())),
  };
  const database = { putConversations: () => Promise.resolve(), conversations: () => Promise.resolve([]) };
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: api },
      { provide: Database, useValue: database },
      { provide: AuthService, useValue: { user: { username: 'ann' } } },
    ],
  });
  store = TestBed.inject(ConversationStore);
});

afterEach(() => vi.useRealTimers());

const ids = () => store.items.map(({ id }) => id);

describe('the list of conversations', () => {
  it('is read to its end behind the first page, once, and then as far as there is something new', async () => {
    const said = await store.refresh();
    expect([said.length, ids()]).toEqual([2, ['g1', 'g2']]);
    await vi.runAllTimersAsync();
    expect(ids()).toEqual(['g1', 'g2', 'g3', 'g4', 'g5']);
    pages = [];
    await store.refresh();
    await vi.runAllTimersAsync();
    expect(pages).toEqual([undefined]);
    server[1] = group(2, { headSeq: 9 });
    pages = [];
    await store.refresh();
    await vi.runAllTimersAsync();
    expect(pages).toEqual([undefined, '2']);
  });

  it('tells of a group that one was taken out of while away, however old it is', async () => {
    await store.refresh();
    await vi.runAllTimersAsync();
    store.put([group(6)]);
    expect(store.find('g6')?.members).toHaveLength(2);
    Object.assign(store, { complete: false });
    await store.refresh();
    await vi.runAllTimersAsync();
    expect(store.find('g6')?.members.map(({ username }) => username)).toEqual(['bob']);
    expect(store.find('g5')?.members).toHaveLength(2);
  });

  it('has what this browser keeps, with groups that one was taken out of until they are forgotten', async () => {
    const left = group(7, { members: group(7).members.filter(({ username }) => username !== 'ann') });
    vi.spyOn(TestBed.inject(Database), 'conversations').mockResolvedValueOnce([group(6), left]);
    await store.restore();
    expect(ids()).toEqual(['g6', 'g7']);
    // What is told of others that were left and forgotten brings nothing back.
    store.put([{ ...left, id: 'g8' }]);
    expect(ids()).toEqual(['g6', 'g7']);
  });

  it('goes on where a page did not come', async () => {
    await store.refresh();
    vi.spyOn(TestBed.inject(Api), 'conversations').mockRejectedValueOnce(new Error('gone'));
    await vi.runAllTimersAsync();
    expect(ids()).toEqual(['g1', 'g2']);
    store.more();
    await vi.runAllTimersAsync();
    expect(ids()).toHaveLength(5);
  });
});

describe('a chat', () => {
  it('is asked for by name or id where it is not known, and no more once it is', async () => {
    const api = TestBed.inject(Api);
    expect((await store.resolve(chatWith('BOB')))?.id).toBe('c');
    expect((await store.resolve(chatWith('bob')))?.id).toBe('c');
    expect(api.conversationWith).toHaveBeenCalledExactlyOnceWith('bob');
    expect((await store.resolve(chatIn('g4')))?.id).toBe('g4');
    await store.resolve(chatIn('g4'));
    expect(api.conversation).toHaveBeenCalledExactlyOnceWith('g4');
    vi.mocked(api.conversationWith).mockResolvedValueOnce(undefined);
    expect(await store.resolve(chatWith('cat'))).toBeUndefined();
  });
});

describe('a conversation that is not known yet', () => {
  it('is what was heard of it while it was asked for, on top of the answer', async () => {
    const [first, second] = [6, 7].map((seq) => message(seq, 'bob', { conversationId: 'g9' }));
    const changed = { ...second!, text: 'edited', changeSeq: 8 };
    server.push(group(9, { headSeq: 6, unread: 3, lastMessage: first! }));
    store.receive([first!]);
    store.receive([second!]);
    store.changed(changed);
    store.receipt({ conversationId: 'g9', username: 'bob', deliveredSeq: 8, readSeq: 7 });
    await vi.runAllTimersAsync();
    expect(store.find('g9')).toMatchObject({ headSeq: 8, unread: 4, lastMessage: changed });
    expect(store.find('g9')?.members[1]).toMatchObject({ deliveredSeq: 8, readSeq: 7 });
    expect(TestBed.inject(Api).conversation).toHaveBeenCalledOnce();
  });

  it('stays unknown where the server says nothing of it', async () => {
    vi.spyOn(TestBed.inject(Api), 'conversation').mockRejectedValue(new Error('gone'));
    store.receive([message(6, 'bob', { conversationId: 'g9' })]);
    await vi.runAllTimersAsync();
    expect(store.find('g9')).toBeUndefined();
  });
});
