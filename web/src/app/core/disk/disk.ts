import type { DBSchema, IDBPDatabase } from 'idb';
import { BehaviorSubject, Subject } from 'rxjs';

import type { Hooks, Opened } from './open';

/** `away`: the browser's database does not open, or was lost. What is written meanwhile is in memory only. */
export type DiskState = 'opening' | 'open' | 'away';

const OPENS_WITHIN = 2_000;
const ANSWERS_WITHIN = 5_000;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
const SILENT = 'TimeoutError';
/**
 * The errors of a handle that was closed, and of what was under way on it; and of one that says nothing more.
 */
const DEAD = ['InvalidStateError', 'AbortError', 'UnknownError', SILENT];

const FULL = 'QuotaExceededError';

/**
 * A database of the browser, which may fail to open, hang, or be lost under the page at any time. Nothing waits
 * for it longer than its deadlines, and whenever it is back it is used again.
 */
export class Disk<S extends DBSchema> {
  private db: IDBPDatabase<S> | null = null;
  /** The attempt to open it that is under way, which a browser may leave so; and the same with a deadline. */
  private attempt: Promise<IDBPDatabase<S>> | null = null;
  private ready: Promise<IDBPDatabase<S>> | null = null;
  private readonly status = new BehaviorSubject<DiskState>('opening');
  readonly state$ = this.status.asObservable();
  /** It is back, and lacks what was written meanwhile. */
  readonly back$ = new Subject<void>();
  /** Why it is away. */
  reason: unknown;

  private opened = false;
  /** Until then the loss of the handle means that there is something wrong with the database. */
  private suspect = 0;
  /** Grows until something was written. */
  private pause = FIRST_PAUSE;

  constructor(
    private readonly open: (hooks: Hooks) => Promise<Opened<S>>,
    /** Takes back what the database promises, before it is used again. */
    private readonly doubt: (db: IDBPDatabase<S>) => Promise<void>,
    /** Whether it may be used at all: not any more once the session is over. */
    private readonly allowed: () => boolean,
    /** Makes room where the disk is full; whether it did. */
    private readonly makeRoom: (db: IDBPDatabase<S>) => Promise<boolean> = () => Promise.resolve(false),
  ) {
    this.handle().catch(() => undefined);
  }

  get state(): DiskState {
    return this.status.value;
  }

  /**
   * Runs `work` on the database, which it may write into: again, on another handle, where this one turns out
   * to be dead.
   */
  async use<T>(work: (db: IDBPDatabase<S>) => Promise<T>, writes = true): Promise<T> {
    const run = async (db: IDBPDatabase<S>) => {
      const done = await within(ANSWERS_WITHIN, work(db));
      if (writes) {
        this.suspect = 0;
        this.pause = FIRST_PAUSE;
      }
      return done;
    };
    const db = await this.handle();
    try {
      return await run(db);
    } catch (error) {
      if (DEAD.includes((error as Error).name)) this.drop(db, error as Error);
      if (writes && (error as Error).name === FULL && (await this.makeRoom(db).catch(() => false)))
        return run(db);
      // Whatever else goes wrong would go wrong again.
      if (this.db === db || this.state === 'away') throw error;
      return run(await this.handle());
    }
  }

  private handle(): Promise<IDBPDatabase<S>> {
    if (!this.allowed()) return Promise.reject(new DOMException('The session is over.', 'AbortError'));
    if (this.db) return Promise.resolve(this.db);
    // Nobody waits for it once more: it opens behind the page, or is tried again in a while.
    if (this.state === 'away') return Promise.reject(this.reason);
    return (this.ready ??= within(OPENS_WITHIN, this.again()).catch((error: unknown) => {
      this.lose(error);
      throw error;
    }));
  }

  private again(): Promise<IDBPDatabase<S>> {
    return (this.attempt ??= this.begin());
  }

  private async begin(): Promise<IDBPDatabase<S>> {
    let dead = false;
    let db: IDBPDatabase<S> | undefined;
    const lost = new DOMException('It was taken away.', 'AbortError');
    const drop = () => {
      dead = true;
      if (db) this.drop(db, lost);
    };
    try {
      const opened = await this.open({ blocking: drop, terminated: drop });
      db = opened.db;
      const lacks = this.state === 'away' || (this.opened && opened.created);
      if (lacks) await within(ANSWERS_WITHIN, this.doubt(db));
      if (dead || !this.allowed()) throw lost;
      this.db = db;
      this.opened = true;
      this.suspect = performance.now() + FIRST_PAUSE;
      this.status.next('open');
      if (lacks) this.back$.next();
      return db;
    } catch (error) {
      db?.close();
      this.lose(error);
      this.later();
      throw error;
    } finally {
      this.attempt = this.ready = null;
    }
  }

  private later(): void {
    if (this.allowed()) setTimeout(() => this.again().catch(() => undefined), this.pause);
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private lose(reason: unknown): void {
    this.reason = reason;
    if (!this.db && this.allowed() && this.state !== 'away') this.status.next('away');
  }

  private drop(db: IDBPDatabase<S>, reason: Error): void {
    db.close();
    if (this.db !== db) return;
    this.db = null;
    // Another one would hang, or die, as soon as this one.
    if (reason.name === SILENT || performance.now() < this.suspect) {
      this.lose(reason);
      return this.later();
    }
    this.status.next('opening');
    // At once: whoever wrote into it may wait for it.
    this.handle().catch(() => undefined);
  }
}

/** Fails once this takes too long; what it was about may still happen. */
function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new DOMException('The database does not answer.', SILENT)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
