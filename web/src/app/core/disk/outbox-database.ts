import { inject, Service } from '@angular/core';
import { filter, merge } from 'rxjs';

import { databasesOf } from '../base';
import { AuthService } from '../session/auth-service';
import { Database } from './database';
import { Disk } from './disk';
import { openOutbox, type OutboxSchema, type Pending } from './outbox-schema';

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
      // Outlives a machine that loses its power, too.
      const tx = db.transaction('pending', 'readwrite', { durability: 'strict' });
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

  /** A browser that is new, or has moved it, loads nothing for this. */
  private async tryMove(): Promise<Pending[]> {
    if (this.moved) return [];
    const left = await this.cache.oldOutbox().catch(() => null);
    // Asked again once it answers.
    if (!left) return [];
    try {
      if (left.length > 0) await (await import('./move-outbox')).moveOutbox(left, this.disk, this.cache);
    } catch {
      return left;
    }
    this.moved = true;
    return [];
  }
}
