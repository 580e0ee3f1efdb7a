import type { Database } from './database';
import type { Disk } from './disk';
import type { OutboxSchema, Pending } from './outbox-schema';

/**
 * Moves what waits from the cache, where earlier versions kept it.
 *
 * A page may die after each step, and other tabs take the same steps. The copies are marked as such in their
 * own transaction: nobody copies again what was sent or discarded since. Only then it is deleted where it was.
 */
export async function moveOutbox(
  left: readonly Pending[],
  disk: Disk<OutboxSchema>,
  cache: Database,
): Promise<void> {
  await disk.use(async (db) => {
    const tx = db.transaction(['pending', 'meta'], 'readwrite', { durability: 'strict' });
    const [pending, meta] = [tx.objectStore('pending'), tx.objectStore('meta')];
    if (!(await meta.get('moved'))) {
      // What the person has tried again meanwhile is here in a later state.
      for (const one of left) if (!(await pending.count(one.clientId))) void pending.put(one);
      void meta.put(true, 'moved');
    }
    await tx.done;
  });
  // Where this fails, the next page does it.
  void cache.forgetOldOutbox().catch(() => undefined);
}
