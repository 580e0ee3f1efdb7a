import { inject, Service } from '@angular/core';
import { Subject } from 'rxjs';

import type { Conversation, ConversationId } from '../../protocol/protocol';
import { databasesOf } from '../base';
import { findUser } from '../handle';
import { AuthService } from '../session/auth-service';
import { makeRoom, openedAt, trimPictures, type Trimmed } from './bounds';
import { Disk } from './disk';
import type { Pending } from './outbox-schema';
import { forgetPictures, openPictures, picturesOf, sizesOf } from './pictures';
import { forgetSpans, type Handle, open, type Schema } from './schema';

/** Where the disk stayed full although everything was let go of, nothing more is for a while. */
const FULL_FOR = 30_000;

/** Within it, several tabs forget the log once. */
const MOMENT = 60_000;

/**
 * What this browser keeps of the server for the person who is logged in, and may let go of. The cursor is
 * written after, and never before, the messages that it stands for. What waits to be sent has a database of its
 * own: `OutboxDatabase`.
 *
 * The client works without it: a read that gets no answer finds nothing, and a write that is not done fails.
 */
@Service()
export class Database {
  private readonly auth = inject(AuthService);
  private readonly name = databasesOf(this.auth.user?.username ?? '').cache;
  private readonly disk = new Disk<Schema>(
    (hooks) => open(this.name, hooks),
    forgetSpans,
    () => this.auth.user !== null,
    (db) => this.letGo(db),
  );
  /** Until then there is no room to be made. */
  private full = 0;
  readonly state$ = this.disk.state$;
  /** It was away, or emptied, and promises nothing until it is written anew. */
  readonly back$ = this.disk.back$;
  /** The oldest messages of a conversation are not kept any more. */
  readonly trimmed$ = new Subject<Trimmed>();

  /** Whether it answers; the first time a browser makes it, that takes a while. */
  get ready(): boolean {
    return this.disk.state === 'open';
  }

  /** A newer version of the client has changed it. */
  get newer(): boolean {
    return this.disk.reason instanceof DOMException && this.disk.reason.name === 'VersionError';
  }

  /** Writes into it; fails where it is not done. */
  use<T>(work: (db: Handle) => Promise<T>): Promise<T> {
    return this.disk.use(work);
  }

  conversations(): Promise<Conversation[]> {
    return this.read([], (db) => db.getAll('conversations'));
  }

  /** Those of which the person is no part any more only where they are here: another tab may have forgotten them. */
  putConversations(conversations: readonly Conversation[]): Promise<void> {
    const me = this.auth.user?.username ?? '';
    return this.disk.use(async (db) => {
      const tx = db.transaction('conversations', 'readwrite');
      for (const conversation of conversations)
        if (findUser(conversation.members, me) || (await tx.store.count(conversation.id)) > 0)
          void tx.store.put(conversation);
      await tx.done;
    });
  }

  /** The person looks at a conversation: of those that were opened longest ago the least is kept. */
  async opened(id: ConversationId, now = Date.now()): Promise<void> {
    await this.putMeta(openedAt(id), String(now)).catch(() => undefined);
  }

  /** What waited here when the outbox was a part of this database. */
  oldOutbox(): Promise<Pending[]> {
    return this.disk.use(async (db) => (hasOutbox(db) ? db.getAll('outbox') : []), false);
  }

  /** One message of it, or all. */
  async forgetOldOutbox(clientId?: string): Promise<void> {
    const which = clientId === undefined ? IDBKeyRange.lowerBound('') : clientId;
    await this.disk.use(async (db) => (hasOutbox(db) ? db.delete('outbox', which) : undefined));
  }

  cursor(): Promise<string | undefined> {
    return this.meta('cursor');
  }

  /** The stores it claims are the stores that earlier writes claimed, so it takes its turn behind them. */
  putCursor(cursor: string): Promise<void> {
    return this.disk.use(async (db) => {
      const tx = db.transaction(['messages', 'conversations', 'meta'], 'readwrite');
      void tx.objectStore('meta').put(cursor, 'cursor');
      await tx.done;
    });
  }

  /**
   * Leaves nothing that came from the server's log; what the person chose stays. Tabs learn at the same moment that
   * the log is another one: what one of them has read since stays.
   */
  async forgetLog(now = Date.now(), within = MOMENT): Promise<void> {
    await this.disk.use(async (db) => {
      const tx = db.transaction(['conversations', 'messages', 'spans', 'meta'], 'readwrite');
      const meta = tx.objectStore('meta');
      if (now - Number((await meta.get('forgotten')) ?? 0) < within) return tx.done;
      void meta.put(String(now), 'forgotten');
      void meta.delete('cursor');
      for (const name of ['changes', 'opened'])
        void meta.delete(IDBKeyRange.bound(`${name}:`, `${name};`, false, true));
      for (const name of ['conversations', 'messages', 'spans'] as const) void tx.objectStore(name).clear();
      return tx.done;
    });
    await forgetPictures(this.name);
  }

  /** Leaves nothing of what comes again from the server, because the person wants it so. */
  clear(now = Date.now()): Promise<void> {
    return this.forgetLog(now, -Infinity);
  }

  /** Leaves nothing of one conversation behind. */
  async forgetConversation(id: ConversationId): Promise<void> {
    const gone = await this.disk.use(async (db) => {
      const tx = db.transaction(['conversations', 'messages', 'spans', 'meta'], 'readwrite');
      const { pictureUrl } = (await tx.objectStore('conversations').get(id)) ?? {};
      void tx.objectStore('conversations').delete(id);
      void tx.objectStore('meta').delete(`changes:${id}`);
      void tx.objectStore('meta').delete(openedAt(id));
      const all = IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);
      const messages = await tx.objectStore('messages').getAll(all);
      void tx.objectStore('messages').delete(all);
      void tx.objectStore('spans').delete(id);
      await tx.done;
      return [...picturesOf(messages), ...(pictureUrl ? sizesOf(pictureUrl) : [])];
    });
    await this.forgetPicturesAt(gone);
  }

  /** Where small pictures are kept, if the browser can keep some and somebody is logged in. */
  async pictures(): Promise<Cache | undefined> {
    return this.auth.user ? openPictures(this.name) : undefined;
  }

  /** Keeps the pictures that were looked at last. */
  async trimPictures(): Promise<void> {
    const pictures = await this.pictures();
    if (pictures) await trimPictures(pictures);
  }

  /** Makes room on a full disk; whether there was something to let go of. */
  makeRoom(): Promise<boolean> {
    return this.disk.use((db) => this.letGo(db));
  }

  /** Pictures go first: they come again. */
  private async letGo(db: Handle): Promise<boolean> {
    if (performance.now() < this.full) return false;
    const pictures = await this.pictures();
    const had = ((await pictures?.keys()) ?? []).length > 0;
    await forgetPictures(this.name);
    const trimmed = await makeRoom(db);
    for (const one of trimmed) this.trimmed$.next(one);
    if (!had && trimmed.length === 0) this.full = performance.now() + FULL_FOR;
    return had || trimmed.length > 0;
  }

  async forgetPicturesAt(urls: readonly string[]): Promise<void> {
    const kept = urls.length > 0 ? await this.pictures() : undefined;
    await Promise.all(urls.map((url) => kept?.delete(url)));
  }

  meta(key: string): Promise<string | undefined> {
    return this.read(undefined, (db) => db.get('meta', key));
  }

  async putMeta(key: string, value: string): Promise<void> {
    await this.disk.use((db) => db.put('meta', value, key));
  }

  /** What `work` finds; `otherwise` where there is no answer. */
  read<T>(otherwise: T, work: (db: Handle) => Promise<T>): Promise<T> {
    return this.disk.use(work, false).catch(() => otherwise);
  }
}

function hasOutbox(db: Handle): boolean {
  return db.objectStoreNames.contains('outbox');
}
