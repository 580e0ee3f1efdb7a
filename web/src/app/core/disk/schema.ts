import type { DBSchema, IDBPDatabase } from 'idb';

import type { Conversation, ConversationId, Message } from '../../protocol/protocol';
import { type Hooks, open as openAny, type Opened } from './open';
import type { Pending } from './outbox-schema';

/** Which part of a conversation is held here: everything from `from` up, and whether that is all there is. */
export interface Span {
  conversationId: ConversationId;
  from: number;
  whole: boolean;
}

export interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation };
  messages: { key: [ConversationId, number]; value: Message };
  spans: { key: ConversationId; value: Span };
  /** In databases of version 1 only, from which `OutboxDatabase` moves it. */
  outbox: { key: string; value: Pending };
  meta: { key: string; value: string };
}

export type Handle = IDBPDatabase<Schema>;

/** Takes back every promise that nothing is missing. */
export async function forgetSpans(db: Handle): Promise<void> {
  const tx = db.transaction(['spans', 'meta'], 'readwrite');
  void tx.objectStore('spans').clear();
  void tx.objectStore('meta').delete('cursor');
  await tx.done;
}

/**
 * Version 2 has no outbox. To ask for it ends the connections of pages that would still write into the old one.
 */
export function open(name: string, hooks: Hooks): Promise<Opened<Schema>> {
  return openAny(name, 2, create, hooks);
}

function create(db: Handle): void {
  db.createObjectStore('conversations', { keyPath: 'id' });
  db.createObjectStore('messages', { keyPath: ['conversationId', 'seq'] });
  db.createObjectStore('spans', { keyPath: 'conversationId' });
  db.createObjectStore('meta');
}
