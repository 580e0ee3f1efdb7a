import type { ConversationId } from '../../protocol/protocol';
import { openedAt } from './bounds';
import type { Handle } from './schema';

/** The conversations that were opened here, the latest first. */
export async function recentlyOpened(db: Handle): Promise<ConversationId[]> {
  const { store } = db.transaction('meta');
  const all = IDBKeyRange.bound(openedAt(''), 'opened;', false, true);
  const [keys, times] = await Promise.all([store.getAllKeys(all), store.getAll(all)]);
  return keys
    .map((key, index) => ({ id: String(key).slice(openedAt('').length), at: Number(times[index]) }))
    .sort((a, b) => b.at - a.at)
    .map(({ id }) => id);
}
