import { OWN } from '../../core/base';
import type { OutboxDatabase } from '../../core/disk/outbox-database';
import { forbidden, keysOf, local } from '../../core/storage/storage';
import type { Pending } from './pending';

/**
 * Where the outbox is kept: in the database, and until that has it in a journal in the local storage. A
 * database takes a moment, and some browsers give none; the local storage is written before the next line of
 * the program.
 */
export class PendingStore {
  private readonly journal: string;
  /** What is not in the database yet. */
  private readonly unsaved = new Set<string>();
  /** What would go with the page: the browser keeps nothing, or has no room. */
  readonly inMemory = new Set<string>();
  /** What left the outbox, though the database may still have it. */
  private readonly gone = new Set<string>();

  constructor(
    private readonly database: OutboxDatabase,
    username: string,
  ) {
    this.journal = `${OWN}unsent:${username}:`;
  }

  /** What an earlier page, or another tab, wrote into the journal only. */
  journaled(): Pending[] {
    return keysOf(local, this.journal).map((key) => JSON.parse(local.getItem(key)!) as Pending);
  }

  lacking(entries: readonly Pending[]): Pending[] {
    return entries.filter(({ clientId }) => this.unsaved.has(clientId));
  }

  /** What is stored, and of `known` what is not stored yet, or not so; all of it where there is no answer. */
  async read(known: () => readonly Pending[]): Promise<Pending[]> {
    const left = await this.database.move();
    const held = (await this.database.all()) ?? known();
    const all = [...left, ...held, ...this.lacking(known())];
    const byId = new Map(all.map((entry) => [entry.clientId, entry]));
    return [...byId.values()].filter(({ clientId }) => !this.gone.has(clientId));
  }

  async save(entry: Pending): Promise<void> {
    const { clientId } = entry;
    this.unsaved.add(clientId);
    const journaled = this.write(entry);
    try {
      await this.database.put(entry);
      this.unsaved.delete(clientId);
      this.inMemory.delete(clientId);
      local.removeItem(this.journal + clientId);
    } catch (error) {
      // On a full disk the journal, too, may be in memory only, without saying so.
      const kept = journaled && (error as Error).name !== 'QuotaExceededError';
      if (!kept && !this.gone.has(clientId)) this.inMemory.add(clientId);
    }
  }

  async remove(clientId: string): Promise<void> {
    this.gone.add(clientId);
    this.inMemory.delete(clientId);
    local.removeItem(this.journal + clientId);
    await this.database.remove(clientId).catch(() => undefined);
  }

  /** Whether it outlives the page. */
  private write(entry: Pending): boolean {
    try {
      local.setItem(this.journal + entry.clientId, JSON.stringify(entry));
      return !forbidden;
    } catch {
      return false;
    }
  }
}
