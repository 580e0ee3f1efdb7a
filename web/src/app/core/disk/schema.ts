import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

import type {
  Attachment,
  Conversation,
  ConversationId,
  Message,
  MessageId,
  Problem,
} from '../../protocol/protocol';
import type { Hooks, Opened } from './disk';

/** Which part of a conversation is held here: everything from `from` up, and whether that is all there is. */
export interface Span {
  conversationId: ConversationId;
  from: number;
  whole: boolean;
}

/** A message that the person wrote and the server has not acknowledged yet. */
export interface Pending {
  clientId: string;
  /** To a person … */
  receiver?: string;
  /** … or to a group. */
  conversationId?: ConversationId;
  text: string;
  replyTo?: MessageId;
  /** Files that the server has already. */
  attachments?: readonly Attachment[];
  /** When it was written (milliseconds). */
  writtenAt: number;
  /** Set once the server refused it for good; it stays until the person retries or discards it. */
  problem?: Problem;
}

/** What the person chose for this browser: whether the system shows notifications. */
export interface NotificationChoices {
  readonly on: boolean;
  /** Whether what was written is shown to whoever sees the screen. */
  readonly text: boolean;
  /** Whether a sound is made, too; it is where nothing was chosen. */
  readonly sound?: boolean;
  /** They were offered, and the person has answered. */
  readonly offered?: boolean;
}

export interface Schema extends DBSchema {
  conversations: { key: string; value: Conversation };
  messages: { key: [ConversationId, number]; value: Message };
  spans: { key: ConversationId; value: Span };
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

export async function open(name: string, hooks: Hooks): Promise<Opened<Schema>> {
  let created = false;
  const db = await openDB<Schema>(name, 1, {
    upgrade(db) {
      created = true;
      db.createObjectStore('conversations', { keyPath: 'id' });
      db.createObjectStore('messages', { keyPath: ['conversationId', 'seq'] });
      db.createObjectStore('spans', { keyPath: 'conversationId' });
      db.createObjectStore('outbox', { keyPath: 'clientId' });
      db.createObjectStore('meta');
    },
    blocking: hooks.blocking,
    terminated: hooks.terminated,
  });
  return { db, created };
}
