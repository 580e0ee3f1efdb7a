import type { ConversationChange, ConversationId } from '../../protocol/protocol';
import type { Database } from './database';

/** How a group changed, as far as that is known here. */
export async function keptChanges(database: Database, id: ConversationId): Promise<ConversationChange[]> {
  return JSON.parse((await database.meta(`changes:${id}`)) ?? '[]') as ConversationChange[];
}

export function putChanges(
  database: Database,
  id: ConversationId,
  changes: readonly ConversationChange[],
): Promise<void> {
  return database.putMeta(`changes:${id}`, JSON.stringify(changes));
}
