import { inject, Service } from '@angular/core';
import { filter, merge } from 'rxjs';

import { databasesOf } from '../base';
import { AuthService } from '../session/auth-service';
import { Database } from './database';
import { Disk } from './disk';
import { openOutbox, type OutboxSchema, type Pending } from './outbox-schema';

/** So that what a browser says is written outlives a machine that loses its power. */
const STRICT = { durability: 'strict' } as const;

/**
 * What the person wrote and the server has not acknowledged. Nobody else has it, so it is apart from all that
 * may be thrown away: neither a lost log nor a full disk touches it, and each of the two databases works while
 * the other one does not.
 */
@Service()
export class OutboxDatabase {
  private readonly auth = inject(AuthService);
  private readonly cache = inject(Database);
  private readonly name = databasesOf(this.auth.user?.username ?? '').outbox;
  private readonly disk = new Disk<OutboxSchema>(
    (hooks) => openOutbox(this.name, hooks),
    // It makes no promise that could be broken.
    () => Promise.resolve(),
    () => this.auth.user !== null,
    () => this.cache.makeRoom(),
  );
  /** It can be read, or there may be something to move. */
  readonly open$ = merge(this.disk.state$, this.cache.state$).pipe(filter((state) => state === 'open'));
  /** Nothing waits in the other database any more. */
  private moved = false;
  private moving: Promise<Pending[]> | null = null;

  /** What is kept; `null` where there is no answer. */
  all(): Promise<Pending[] | null> {
    return this.disk.use((db) => db.getAll('pending'), false).catch(() => null);
  }

  async put(pending: Pending): Promise<void> {
    await this.disk.use(async (db) => {
      const tx = db.transaction('pending', 'readwrite', STRICT);
      void tx.store.put(pending);
      await tx.done;
    });
  }

  async remove(clientId: string): Promise<void> {
    // What is being copied would be back.
    await this.moving;
    await Promise.all([
      this.disk.use((db) => db.delete('pending', clientId)),
      this.moved || this.cache.forgetOldOutbox(clientId),
    ]);
  }

  /** Moves what waits in the other database, where earlier versions kept it. Gives what could not be moved. */
  move(): Promise<Pending[]> {
    return (this.moving ??= this.tryMove().finally(() => (this.moving = null)));
  }

  /**
   * A page may die after each step, and other tabs take the same steps. The copies are marked as such in their
   * own transaction: nobody copies again what was sent or discarded since. Only then it is deleted where it was.
   */
  private async tryMove(): Promise<Pending[]> {
    if (this.moved) return [];
    const marked = await this.disk.use((db) => db.get('meta', 'moved'), false).catch(() => false);
    if (!marked) {
      const left = await this.cache.oldOutbox().catch(() => null);
      // Asked again once it answers.
      if (!left) return [];
      const copied = await this.copy(left).then(
        () => true,
        () => false,
      );
      if (!copied) return left;
    }
    this.moved = true;
    // Where this fails, the next page does it.
    void this.cache.forgetOldOutbox().catch(() => undefined);
    return [];
  }

  private copy(left: readonly Pending[]): Promise<void> {
    return this.disk.use(async (db) => {
      const tx = db.transaction(['pending', 'meta'], 'readwrite', STRICT);
      const [pending, meta] = [tx.objectStore('pending'), tx.objectStore('meta')];
      if (!(await meta.get('moved'))) {
        // What the person has tried again meanwhile is here in a later state.
        for (const one of left) if (!(await pending.count(one.clientId))) void pending.put(one);
        void meta.put(true, 'moved');
      }
      await tx.done;
    });
  }
}
