import { computed, effect, inject, Service, type Signal, untracked } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { BehaviorSubject } from 'rxjs';

import { Api } from '../../core/api/api';
import { Database } from '../../core/disk/database';
import { keptChanges, putChanges } from '../../core/disk/kept-changes';
import { hasUser } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';
import type { Conversation, ConversationChange, ConversationId } from '../../protocol/protocol';
import { roleOf } from '../conversations/conversation';
import { ConversationStore } from '../conversations/conversation-store';
import { MessageStore } from './message-store';
import { type SystemMessage, notesOf } from './system-message';
import type { Thread } from './thread';

const PAGE = 200;

/** How groups changed, as far back as somebody looked. */
@Service()
export class GroupChangeStore {
  private readonly api = inject(Api);
  private readonly database = inject(Database);
  private readonly messages = inject(MessageStore);
  private readonly me = inject(ConversationStore).me;
  private readonly changes = new BehaviorSubject<ReadonlyMap<ConversationId, readonly ConversationChange[]>>(
    new Map(),
  );
  readonly changes$ = this.changes.asObservable();
  private readonly loading = new Map<ConversationId, Promise<void>>();

  constructor() {
    const socket = inject(WebSocketService);
    socket.cursorLost$.subscribe(() => this.changes.next(new Map()));
    socket.conversation$.subscribe(({ id, kind }) => {
      if (kind === 'group' && this.changes.value.has(id)) void this.renew(id);
    });
    // In large groups not everybody is told of each change: what was read may be old after a while without a
    // connection.
    socket.synced$.subscribe(() => this.changes.value.forEach((_, id) => void this.renew(id)));
  }

  /** What changed since it was last asked, over what this browser holds. */
  renew(id: ConversationId): Promise<void> {
    return this.load(id, async () => {
      if (!this.changes.value.has(id)) this.put(id, await keptChanges(this.database, id));
      await this.newer(id);
    });
  }

  /** All that changed above a `seq`. */
  reach(id: ConversationId, from: number): Promise<void> {
    return this.load(id, async () => {
      for (let first = this.first(id); first > Math.max(from, 1); first = this.first(id)) {
        const older = await this.api.changes(id, { beforeSeq: first }, PAGE);
        if (older.length === 0) break;
        this.put(id, older);
      }
    });
  }

  private first(id: ConversationId): number {
    return this.changes.value.get(id)?.[0]?.seq ?? 0;
  }

  private async newer(id: ConversationId): Promise<void> {
    const last = this.changes.value.get(id)?.at(-1)?.seq ?? 0;
    const newer = await this.api.changes(id, { afterSeq: last }, PAGE);
    // More than a page: what is held has a gap, and begins anew.
    if (newer.length === PAGE) this.changes.next(new Map(this.changes.value).set(id, []));
    // Out and in again: what was said in between did not come, and may be theirs to read.
    if (last > 0 && newer.some(({ joined }) => hasUser(joined, this.me))) await this.messages.renewOne(id);
    this.put(id, newer);
  }

  /** One after the other; what could not be read is read the next time. */
  private load(id: ConversationId, work: () => Promise<void>): Promise<void> {
    const after = (this.loading.get(id) ?? Promise.resolve()).then(work).catch(() => undefined);
    this.loading.set(id, after);
    return after;
  }

  private put(id: ConversationId, read: readonly ConversationChange[]): void {
    const bySeq = new Map(
      [...(this.changes.value.get(id) ?? []), ...read].map((change) => [change.seq, change]),
    );
    const all = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
    this.changes.next(new Map(this.changes.value).set(id, all));
    if (read.length > 0) void putChanges(this.database, id, all).catch(() => undefined);
  }
}

/** The lines that say how the group of a chat changed, between the messages that are there. */
export function readSystemMessages(
  conversation: Signal<Conversation | undefined>,
  thread: Signal<Thread>,
  apart: Signal<boolean>,
  names: Signal<ReadonlyMap<string, string>>,
): Signal<readonly SystemMessage[]> {
  const store = inject(GroupChangeStore);
  const { me } = inject(ConversationStore);
  const changes = toSignal(store.changes$, { requireSync: true });
  const group = computed(() =>
    conversation()?.kind === 'group' && roleOf(conversation()!, me) ? conversation()!.id : null,
  );
  const above = computed(() => {
    const { from, top, messages } = thread();
    return from === null ? null : top ? 0 : (messages[0]?.seq ?? from);
  });
  // Below a part that was jumped to there are other messages.
  const below = computed(() => (apart() ? (thread().messages.at(-1)?.seq ?? 0) : Infinity));
  effect(() => {
    const id = group();
    if (id) void untracked(() => store.renew(id));
  });
  effect(() => {
    const [id, from] = [group(), above()];
    if (id && from !== null) void untracked(() => store.reach(id, from));
  });
  const held = computed(() => changes().get(conversation()?.id ?? '') ?? []);
  return computed(() => {
    const from = above() ?? Infinity;
    return held()
      .filter(({ seq }) => seq >= from && seq < below())
      .flatMap((change) => notesOf(change, me, names()));
  });
}
