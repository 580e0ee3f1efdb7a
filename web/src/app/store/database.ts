import { inject, Service } from '@angular/core';
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';

import { AuthService } from '../auth/auth-service';
import type { Conversation, ConversationChange, ConversationId, Message } from '../protocol/protocol';
import type { Pending } from '../chat/pending';
import { newer } from '../chat/thread';
import type { NoticeChoices } from '../notices/notice';

/** Which part of a conversation is held here: everything from `from` up, and whether that is all there is. */
export interface Span {
  conversationId: ConversationId;
  from: number;
  whole: boolean;
}

interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation };
  messages: { key: [ConversationId, number]; value: Message };
  spans: { key: ConversationId; value: Span };
  outbox: { key: string; value: Pending };
  meta: { key: string; value: string };
}

const name = (username: string) => `aldis:${username}`;

/** Only in a secure context: over https, or on this machine. */
const { caches } = globalThis as { caches?: CacheStorage };

/**
 * What this browser keeps for the person who is logged in. It is a cache, except for the outbox and the cursor:
 * the cursor is written after, and never before, the messages that it stands for.
 *
 * Where the browser gives no database the client still works, and forgets when it is closed.
 */
@Service()
export class Database {
  private readonly auth = inject(AuthService);
  /** Whether it answers already; the first time a browser makes it, that takes a while. */
  ready = false;
  private readonly name = name(this.auth.user?.username ?? '');
  private readonly db: Promise<IDBPDatabase<Schema> | null> = this.open();

  async conversations(): Promise<Conversation[]> {
    return (await (await this.db)?.getAll('conversations')) ?? [];
  }

  async putConversations(conversations: readonly Conversation[]): Promise<void> {
    const tx = (await this.db)?.transaction('conversations', 'readwrite');
    if (!tx) return;
    for (const conversation of conversations) void tx.store.put(conversation);
    await tx.done;
  }

  /** Up to `limit` messages below `before`, ascending. */
  async messages(id: ConversationId, before: number, limit: number): Promise<Message[]> {
    const db = await this.db;
    if (!db) return [];
    const found: Message[] = [];
    const range = IDBKeyRange.bound([id, 0], [id, before], false, true);
    let cursor = await db.transaction('messages').store.openCursor(range, 'prev');
    while (cursor && found.length < limit) {
      found.unshift(cursor.value);
      cursor = await cursor.continue();
    }
    return found;
  }

  async message(id: ConversationId, seq: number): Promise<Message | undefined> {
    return (await this.db)?.get('messages', [id, seq]);
  }

  /** Stores messages, never an older state over a newer one. */
  async putMessages(messages: readonly Message[]): Promise<void> {
    const tx = (await this.db)?.transaction('messages', 'readwrite');
    if (!tx) return;
    const gone: Message[] = [];
    for (const message of messages) {
      const held = await tx.store.get([message.conversationId, message.seq]);
      if (!held || newer(message, held)) void tx.store.put(message);
      if (held && message.deletedAt) gone.push(held);
    }
    await tx.done;
    await this.forgetPicturesOf(gone);
  }

  async span(id: ConversationId): Promise<Span | undefined> {
    return (await this.db)?.get('spans', id);
  }

  async putSpan(span: Span): Promise<void> {
    await (await this.db)?.put('spans', span);
  }

  /** What waits to be sent, or `null` where the browser keeps nothing. */
  async outbox(): Promise<Pending[] | null> {
    return (await (await this.db)?.getAll('outbox')) ?? null;
  }

  async putPending(pending: Pending): Promise<void> {
    await (await this.db)?.put('outbox', pending);
  }

  /** A message left the outbox: it was stored by the server, or given up by the person. */
  async removePending(clientId: string, stored?: Message): Promise<void> {
    const tx = (await this.db)?.transaction(['outbox', 'messages'], 'readwrite');
    if (!tx) return;
    const messages = tx.objectStore('messages');
    const held = stored && (await messages.get([stored.conversationId, stored.seq]));
    if (stored && (!held || newer(stored, held))) void messages.put(stored);
    void tx.objectStore('outbox').delete(clientId);
    await tx.done;
  }

  async cursor(): Promise<string | undefined> {
    return (await this.db)?.get('meta', 'cursor');
  }

  /** The stores it claims are the stores that earlier writes claimed, so it takes its turn behind them. */
  async putCursor(cursor: string): Promise<void> {
    const tx = (await this.db)?.transaction(['messages', 'conversations', 'meta'], 'readwrite');
    if (!tx) return;
    void tx.objectStore('meta').put(cursor, 'cursor');
    await tx.done;
  }

  /** How a group changed, as far as that is known here. */
  async changes(id: ConversationId): Promise<ConversationChange[]> {
    return JSON.parse((await (await this.db)?.get('meta', `changes:${id}`)) ?? '[]') as ConversationChange[];
  }

  async putChanges(id: ConversationId, changes: readonly ConversationChange[]): Promise<void> {
    await (await this.db)?.put('meta', JSON.stringify(changes), `changes:${id}`);
  }

  /** The emoji that were taken last, newest first. */
  async recentEmoji(): Promise<string[]> {
    return (await (await this.db)?.get('meta', 'emoji'))?.split(' ') ?? [];
  }

  async putRecentEmoji(emoji: readonly string[]): Promise<void> {
    await (await this.db)?.put('meta', emoji.join(' '), 'emoji');
  }

  /** Whether and how this browser tells of new messages. */
  async noticeChoices(): Promise<NoticeChoices> {
    const kept = await (await this.db)?.get('meta', 'notices');
    return kept ? (JSON.parse(kept) as NoticeChoices) : { on: false, text: true };
  }

  async putNoticeChoices(choices: NoticeChoices): Promise<void> {
    await (await this.db)?.put('meta', JSON.stringify(choices), 'notices');
  }

  /** The cursor is lost, so what is held may have holes: it is read again from the server when it is wanted. */
  async forgetSpans(): Promise<void> {
    const tx = (await this.db)?.transaction(['spans', 'meta'], 'readwrite');
    if (!tx) return;
    void tx.objectStore('spans').clear();
    void tx.objectStore('meta').delete('cursor');
    await tx.done;
  }

  /** Leaves nothing of one conversation behind. */
  async forgetConversation(id: ConversationId): Promise<void> {
    const tx = (await this.db)?.transaction(['conversations', 'messages', 'spans', 'meta'], 'readwrite');
    if (!tx) return;
    void tx.objectStore('conversations').delete(id);
    void tx.objectStore('meta').delete(`changes:${id}`);
    const all = IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);
    const gone = await tx.objectStore('messages').getAll(all);
    void tx.objectStore('messages').delete(all);
    void tx.objectStore('spans').delete(id);
    await tx.done;
    await this.forgetPicturesOf(gone);
  }

  /** What is held of a conversation may have holes from now on. */
  async forgetSpan(id: ConversationId): Promise<void> {
    await (await this.db)?.delete('spans', id);
  }

  /** Leaves nothing behind on this machine. */
  async destroy(): Promise<void> {
    await this.forgetPictures();
    const db = await this.db;
    if (!db) return;
    db.close();
    await deleteDB(db.name);
  }

  /** Where small pictures are kept, if the browser can keep some. */
  async pictures(): Promise<Cache | undefined> {
    return caches?.open(this.name).catch(() => undefined);
  }

  async forgetPictures(): Promise<void> {
    await caches?.delete(this.name).catch(() => undefined);
  }

  private async forgetPicturesOf(messages: readonly Message[]): Promise<void> {
    const urls = messages.flatMap(({ attachments = [] }) => attachments.flatMap(({ thumbnailUrl }) => thumbnailUrl ?? []));
    const kept = urls.length > 0 ? await this.pictures() : undefined;
    await Promise.all(urls.map((url) => kept?.delete(url)));
  }

  private async open(): Promise<IDBPDatabase<Schema> | null> {
    try {
      const db = await openDB<Schema>(this.name, 1, {
        upgrade(db) {
          db.createObjectStore('conversations', { keyPath: 'id' });
          db.createObjectStore('messages', { keyPath: ['conversationId', 'seq'] });
          db.createObjectStore('spans', { keyPath: 'conversationId' });
          db.createObjectStore('outbox', { keyPath: 'clientId' });
          db.createObjectStore('meta');
        },
        blocking: (_current, _next, event) => (event.target as IDBDatabase).close(),
      });
      this.ready = true;
      return db;
    } catch {
      return null;
    }
  }
}
