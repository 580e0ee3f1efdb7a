import { computed, type Signal, signal } from '@angular/core';

import type { Entry } from '../../data/messages/timeline';
import { firstUnread } from '../../data/messages/unread';

/**
 * Where “New messages” stands in a chat: before the first that was unread when one came, or that arrived
 * while nobody looked. Once there it stays until one leaves.
 */
export class UnreadDivider {
  /** Everything up to here was read before, or seen as it came; `null` until that is known. */
  private after: number | null = null;
  private entering = true;
  private readonly boundary = signal<number | null>(null);
  private readonly opening = signal<number | null>(null);
  /** The read mark with which one came, if something was unread then: the chat opens behind it. */
  readonly opened = this.opening.asReadonly();
  readonly key: Signal<string | null>;

  constructor(
    private readonly entries: Signal<readonly Entry[]>,
    top: Signal<boolean>,
  ) {
    this.key = computed(() => {
      const [boundary, entries] = [this.boundary(), this.entries()];
      const key = boundary === null ? null : firstUnread(entries, boundary, top());
      // Where all of a chat is new, there is nothing to divide.
      return top() && key === entries[0]?.key ? null : key;
    });
  }

  leave(): void {
    this.after = null;
    this.entering = true;
    this.boundary.set(null);
    this.opening.set(null);
  }

  /**
   * Called with whatever changes; `ready` from when what waited has arrived, `looking` while it is read as it
   * comes.
   */
  update(readSeq: number, ready: boolean, looking: boolean): void {
    // Until something new is here, what another device read was read.
    if (this.boundary() === null) this.after = Math.max(this.after ?? 0, readSeq);
    const after = this.after ?? readSeq;
    const newest =
      this.entries().findLast(({ own, message }) => !own && message && !message.deletedAt)?.message?.seq ?? 0;
    if (this.boundary() === null && newest > after) {
      if (this.entering) this.opening.set(after);
      if (this.entering || !looking) this.boundary.set(after);
      else this.after = newest;
    }
    if (ready) this.entering = false;
  }
}
