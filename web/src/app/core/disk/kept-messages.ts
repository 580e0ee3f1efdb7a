import { inject, Service } from '@angular/core';

import type { ConversationId, Message } from '../../protocol/protocol';
import { breath } from '../breath';
import { newer } from '../newer';
import { MESSAGES, trimMessages } from './bounds';
import { Database } from './database';
import { picturesOf } from './pictures';
import { forgetSpans, type Span } from './schema';

/** After so many that arrived in a conversation it is looked whether this browser keeps too many. */
const TRIM_EVERY = 500;

/** Messages that are read at once before others get a turn. */
const PAGE = 500;

/** The messages that this browser keeps, and the spans: which part of a conversation is here without a gap. */
@Service()
export class KeptMessages {
  private readonly database = inject(Database);
  private readonly arrived = new Map<ConversationId, number>();

  /** Up to `limit` messages below `before`, ascending; `null` where there is no answer. */
  messages(id: ConversationId, before: number, limit: number): Promise<Message[] | null> {
    return this.database.read(null, async (db) => {
      const found: Message[] = [];
      const range = IDBKeyRange.bound([id, 0], [id, before], false, true);
      let cursor = await db.transaction('messages').store.openCursor(range, 'prev');
      while (cursor && found.length < limit) {
        found.unshift(cursor.value);
        cursor = await cursor.continue();
      }
      return found;
    });
  }

  message(id: ConversationId, seq: number): Promise<Message | undefined> {
    return this.database.read(undefined, (db) => db.get('messages', [id, seq]));
  }

  /** Stores messages, never an older state over a newer one. */
  async putMessages(messages: readonly Message[]): Promise<void> {
    const gone = await this.database.use(async (db) => {
      const tx = db.transaction('messages', 'readwrite');
      const gone: Message[] = [];
      for (const message of messages) {
        const held = await tx.store.get([message.conversationId, message.seq]);
        if (!held || newer(message, held)) void tx.store.put(message);
        if (held && message.deletedAt) gone.push(held);
      }
      await tx.done;
      return gone;
    });
    await this.database.forgetPicturesAt(picturesOf(gone));
  }

  /** Stores what has just been said, of which there may be more and more while a page is open. */
  async putArrived(messages: readonly Message[]): Promise<void> {
    await this.putMessages(messages);
    for (const { conversationId } of messages) {
      const arrived = (this.arrived.get(conversationId) ?? 0) + 1;
      this.arrived.set(conversationId, arrived);
      if (arrived % TRIM_EVERY === 0) void this.trim(conversationId).catch(() => undefined);
    }
  }

  /** Keeps the newest messages of a conversation that has too many. */
  async trim(id: ConversationId, most = MESSAGES): Promise<void> {
    const trimmed = await this.database.use((db) => trimMessages(db, id, most));
    if (trimmed) this.database.trimmed$.next(trimmed);
  }

  span(id: ConversationId): Promise<Span | undefined> {
    return this.database.read(undefined, (db) => db.get('spans', id));
  }

  /** With `below`, only where everything from there up is here still: another tab may have let go of it. */
  async putSpan(span: Span, below?: number): Promise<void> {
    await this.database.use(async (db) => {
      const tx = db.transaction('spans', 'readwrite');
      const held = below === undefined ? undefined : await tx.store.get(span.conversationId);
      if (below === undefined || (held && held.from <= below)) void tx.store.put(span);
      await tx.done;
    });
  }

  /**
   * A part of a conversation, and then that it is here; where that could not be written, nothing is promised.
   * It goes up to the end, or to `below`.
   */
  async putHistory(span: Span, messages: readonly Message[], below?: number): Promise<void> {
    try {
      await this.putMessages(messages);
      await this.putSpan(span, below);
    } catch {
      await this.forgetSpan(span.conversationId).catch(() => undefined);
    }
  }

  /**
   * The cursor is lost, so what is held may have holes: it is read again from the server when it is wanted.
   */
  forgetSpans(): Promise<void> {
    return this.database.use(forgetSpans);
  }

  /** What is held of a conversation may have holes from now on. */
  async forgetSpan(id: ConversationId): Promise<void> {
    await this.database.use((db) => db.delete('spans', id));
  }
}

/** What is kept of a conversation, the newest first, in pages; between two of them others get a turn. */
export async function* newestFirst(kept: KeptMessages, id: ConversationId): AsyncGenerator<Message[]> {
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const page = (await kept.messages(id, before, PAGE)) ?? [];
    yield page.reverse();
    await breath();
    if (page.length < PAGE) return;
    before = page.at(-1)!.seq;
  }
}
