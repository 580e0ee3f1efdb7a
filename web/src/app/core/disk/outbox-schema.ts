import type { DBSchema, IDBPDatabase } from 'idb';

import type { Attachment, ConversationId, MessageId, Problem } from '../../protocol/protocol';
import { type Hooks, open, type Opened } from './open';

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

export interface OutboxSchema extends DBSchema {
  pending: { key: string; value: Pending };
  /** `moved`: what waited in the other database is here, or was. */
  meta: { key: 'moved'; value: true };
}

export function openOutbox(name: string, hooks: Hooks): Promise<Opened<OutboxSchema>> {
  return open(name, 1, create, hooks);
}

function create(db: IDBPDatabase<OutboxSchema>): void {
  db.createObjectStore('pending', { keyPath: 'clientId' });
  db.createObjectStore('meta');
}
