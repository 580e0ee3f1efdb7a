import { computed, type Signal, signal } from '@angular/core';

import type { Entry } from '../../data/messages/timeline';

/** The first message of others above `after`, if it is certain that none lies between. */
export function firstUnread(entries: readonly Entry[], after: number): string | null {
  const index = entries.findIndex(({ own, message }) => !own && message && message.seq > after);
  const entry = entries[index];
  // The first that is in memory may have unread ones above it.
  return entry && (index > 0 || entry.message!.seq <= after + 1) ? entry.key : null;
}

/**
 * Where “New messages” stands in a chat: before the first that was unread when one came, or that arrived
 * while nobody looked. Once there it stays until one leaves.
 */
export class UnreadDivider {
  /** Everything up to here was read before, or seen as it came; `null` until that is known. */
  private after: number | null = null;
  private entering = true;
  private readonly boundary = signal<number | null>(null);
  readonly key: Signal<string | null>;

  constructor(private readonly entries: Signal<readonly Entry[]>) {
    this.key = computed(() => {
      const boundary = this.boundary();
      return boundary === null ? null : firstUnread(this.entries(), boundary);
    });
  }

  leave(): void {
    this.after = null;
    this.entering = true;
    this.boundary.set(null);
  }

  /**
   * Called with whatever changes; `ready` from when what waited has arrived, `looking` while it is read as it
   * comes.
   */
  update(readSeq: number, ready: boolean, looking: boolean): void {
    this.after ??= readSeq;
    const newest = this.entries().findLast(({ own, message }) => !own && message)?.message?.seq ?? 0;
    if (this.boundary() === null && newest > this.after) {
      if (this.entering || !looking) this.boundary.set(this.after);
      else this.after = newest;
    }
    if (ready) this.entering = false;
  }
}
