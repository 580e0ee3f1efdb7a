import { computed, effect, inject, Injector, type Signal, signal, untracked } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { cursorsOf } from '../../data/conversations/conversation';
import { Sync } from '../../data/live/sync';
import type { ExcerptReads } from '../../data/messages/excerpt-reads';
import { ExcerptStore } from '../../data/messages/excerpt-store';
import { MessageStore } from '../../data/messages/message-store';
import { seqOf, type Thread } from '../../data/messages/thread';
import type { Entry } from '../../data/messages/timeline';
import { firstUnread } from '../../data/messages/unread';
import type { Conversation } from '../../protocol/protocol';
import { UnreadDivider } from './unread-divider';

/** So many entries above what is in memory are read page by page; more of them by a jump. */
const NEARBY = 100;
/** So many messages are brought into memory to show the first unread one. */
const MOST = 900;
/** Nobody waits longer than this for the first unread message: the chat then shows its end. */
const PATIENCE = 5_000;

/** What it has to know of the chat that it belongs to. */
interface Surroundings {
  readonly me: string;
  readonly key: Signal<string>;
  readonly conversation: Signal<Conversation | undefined>;
  readonly entries: Signal<readonly Entry[]>;
  /** The part that is shown. */
  readonly thread: Signal<Thread>;
  /** Whether the end of the list is in its window. */
  readonly atEnd: () => boolean;
}

/**
 * Where in its conversation a chat stands: at the end or at a place that was jumped to; and where the unread
 * begins.
 */
export class ScrollPosition {
  private readonly injector = inject(Injector);
  private readonly excerpts = inject(ExcerptStore);
  private readonly messages = inject(MessageStore);
  private readonly held = toSignal(this.excerpts.excerpt$, { requireSync: true });
  private readonly sought = toSignal(this.excerpts.target$, { requireSync: true });
  private readonly id = computed(() => this.chat.conversation()?.id);
  private readonly views = toSignal(this.excerpts.view$, { requireSync: true });

  /** The message to go to. */
  readonly target = computed(() => (this.sought()?.conversationId === this.id() ? this.sought() : null));
  /** The part that was jumped to, while it does not reach the end. */
  readonly excerpt = computed(() => (this.held()?.target.conversationId === this.id() ? this.held() : null));
  /**
   * Another one for each list that starts anew: at another conversation, at a jump far away, and back at the
   * end.
   */
  readonly view: Signal<string>;
  readonly divider: UnreadDivider;
  /** The read mark behind which the list is to begin, until it does. */
  private readonly wanted = signal<number | null>(null);
  /** The first unread message, which the list is to begin with. */
  readonly start: Signal<string | null>;
  /** The first unread message is not in memory yet. */
  readonly seeking: Signal<boolean>;

  constructor(private readonly chat: Surroundings) {
    const caughtUp = toSignal(inject(Sync).caughtUp$, { requireSync: true });
    const top = computed(() => chat.thread().top);
    this.divider = new UnreadDivider(chat.entries, top);
    this.start = computed(() =>
      this.wanted() === null ? null : firstUnread(chat.entries(), this.wanted()!, top()),
    );
    this.seeking = computed(() => this.wanted() !== null && this.start() === null);
    effect((onCleanup) => {
      chat.key();
      onCleanup(() => this.divider.leave());
    });
    effect((onCleanup) => {
      const id = this.id();
      if (id) onCleanup(() => this.excerpts.leave(id));
    });
    effect(() => {
      const conversation = chat.conversation();
      const ready = caughtUp() && chat.thread().from !== null;
      chat.entries();
      if (!conversation || this.excerpt()) return;
      const looking = document.visibilityState === 'visible' && document.hasFocus() && chat.atEnd();
      this.divider.update(cursorsOf(conversation, chat.me).readSeq, ready, looking);
    });
    effect(() => {
      const opened = this.divider.opened();
      this.wanted.set(untracked(this.target) ? null : opened);
    });
    // Who came to see a certain message is not led elsewhere.
    effect(() => this.target() && this.begun());
    effect(() => {
      const after = this.wanted();
      chat.entries();
      const { from, loading, failure } = chat.thread();
      if (after === null || this.start()) return;
      // What cannot be read is not waited for.
      if (failure) untracked(() => this.begun());
      else if (from !== null && !loading) untracked(() => this.seek(after));
    });
    effect((onCleanup) => {
      if (!this.seeking()) return;
      const timer = setTimeout(() => this.begun(), PATIENCE);
      onCleanup(() => clearTimeout(timer));
    });
    this.view = computed(() => `${chat.key()} ${this.views()}`);
  }

  /** The thread of the place: the part that was jumped to, or the conversation's own. */
  thread(own: Thread): Thread {
    return this.excerpt()?.thread ?? own;
  }

  older(): boolean {
    if (!this.excerpt()) return false;
    void this.reads((reads) => reads.older());
    return true;
  }

  newer(): void {
    void this.reads((reads) => reads.newer());
  }

  /** To the first message above the read mark, wherever it is. */
  unread(): void {
    const conversation = this.chat.conversation();
    if (conversation) this.wanted.set(cursorsOf(conversation, this.chat.me).readSeq);
  }

  /** The list shows the first unread message, or nothing is to be waited for. */
  begun(): void {
    this.wanted.set(null);
  }

  /** To the end, where what one writes appears. */
  latest(): void {
    this.begun();
    if (this.excerpt()) this.excerpts.close();
  }

  /** To a message that is not in memory, by its id. */
  far(messageId: string): void {
    const conversationId = this.id();
    if (conversationId) void this.reads((reads) => reads.go({ conversationId, seq: seqOf(messageId) }));
  }

  /** Brings the first message above `after` into memory, a step at a time. */
  private seek(after: number): void {
    const id = this.id();
    const own = id ? this.messages.thread(id) : undefined;
    const lowest = own?.messages[0]?.seq;
    if (!id || !own || lowest === undefined || own.top || this.excerpt()) return this.begun();
    const held = own.from !== null && own.from <= after + 1 && own.messages.length < MOST;
    if (held || lowest - after <= NEARBY) void this.messages.older(id);
    else
      void this.reads(async (reads) => {
        const excerpt = await reads.behind(id, after);
        if (this.id() === id && this.wanted() === after) this.excerpts.show(excerpt);
      }).catch(() => this.begun());
  }

  /** How parts are read comes later than the first page: nobody jumps before they see something. */
  private async reads(use: (reads: ExcerptReads) => Promise<void>): Promise<void> {
    const { ExcerptReads } = await import('../../rare');
    await use(this.injector.get(ExcerptReads));
  }
}
