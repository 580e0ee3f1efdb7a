import { computed, effect, inject, Injector, type Signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { cursorsOf } from '../../data/conversations/conversation';
import { Sync } from '../../data/live/sync';
import type { ExcerptReads } from '../../data/messages/excerpt-reads';
import { ExcerptStore } from '../../data/messages/excerpt-store';
import { seqOf, type Thread } from '../../data/messages/thread';
import type { Entry } from '../../data/messages/timeline';
import type { Conversation } from '../../protocol/protocol';
import { UnreadDivider } from './unread-divider';

/** What it has to know of the chat that it belongs to. */
interface Surroundings {
  readonly me: string;
  readonly key: Signal<string>;
  readonly conversation: Signal<Conversation | undefined>;
  readonly entries: Signal<readonly Entry[]>;
  /** The messages have been asked for and are there. */
  readonly loaded: Signal<boolean>;
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

  constructor(private readonly chat: Surroundings) {
    const caughtUp = toSignal(inject(Sync).caughtUp$, { requireSync: true });
    this.divider = new UnreadDivider(chat.entries);
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
      const ready = caughtUp() && chat.loaded();
      chat.entries();
      if (!conversation || this.excerpt()) return;
      const looking = document.visibilityState === 'visible' && document.hasFocus() && chat.atEnd();
      this.divider.update(cursorsOf(conversation, chat.me).readSeq, ready, looking);
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

  /** To the end, where what one writes appears. */
  latest(): void {
    if (this.excerpt()) this.excerpts.close();
  }

  /** To a message that is not in memory, by its id. */
  far(messageId: string): void {
    const conversationId = this.id();
    if (conversationId) void this.reads((reads) => reads.go({ conversationId, seq: seqOf(messageId) }));
  }

  /** How parts are read comes later than the first page: nobody jumps before they see something. */
  private async reads(use: (reads: ExcerptReads) => Promise<void>): Promise<void> {
    const { ExcerptReads } = await import('../../rare');
    await use(this.injector.get(ExcerptReads));
  }
}
