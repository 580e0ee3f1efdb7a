import { type IDBPDatabase, openDB } from 'idb';

import { databasesOf } from '../core/base';
import type { Pending } from '../core/disk/outbox-schema';

/** The database of earlier versions, which had the outbox in it, as a page of such a version has it open. */
export async function oldDatabase(username: string, waiting: readonly Pending[]): Promise<IDBPDatabase> {
  const db = await openDB(databasesOf(username).cache, 1, {
    upgrade(db) {
      db.createObjectStore('conversations', { keyPath: 'id' });
      db.createObjectStore('messages', { keyPath: ['conversationId', 'seq'] });
      db.createObjectStore('spans', { keyPath: 'conversationId' });
      db.createObjectStore('outbox', { keyPath: 'clientId' });
      db.createObjectStore('meta');
    },
    blocking: () => db.close(),
  });
  for (const one of waiting) await db.put('outbox', one);
  await db.put('meta', 'a cursor', 'cursor');
  return db;
}

/** Messages that wait to be sent to Bob, the first first. */
export function pendingOf(...texts: string[]): Pending[] {
  return texts.map((text, index) => ({
    clientId: `0190-${index}`,
    receiver: 'bob',
    text,
    writtenAt: index,
    attachments: [{ id: text, name: `${text}.pdf`, type: 'application/pdf', size: 1, url: `/${text}` }],
  }));
}
