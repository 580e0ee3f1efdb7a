import { inject, Service } from '@angular/core';

import { serverNow } from '../../core/http/server-time';
import type { Conversation } from '../../protocol/protocol';
import { ConversationStore } from './conversation-store';

/** How soon the server is asked once more: its clock may be behind what is known of it. */
const AGAIN_AFTER = 60_000;
/** Timers of browsers go no further. */
const FURTHEST = 2 ** 31 - 1;

/**
 * Asks for a conversation when its mute is over. The server sends nothing then, and its clock decides.
 */
@Service()
export class MuteEnds {
  private readonly store = inject(ConversationStore);
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Not before this time, after the server was asked. */
  private again = 0;

  constructor() {
    this.store.conversations$.subscribe((conversations) => this.wait(conversations));
  }

  private wait(conversations: readonly Conversation[]): void {
    clearTimeout(this.timer);
    const ends = conversations.flatMap(({ muted, mutedUntil }) =>
      muted && mutedUntil ? [Date.parse(mutedUntil)] : [],
    );
    if (ends.length === 0) return;
    const at = Math.max(Math.min(...ends), this.again);
    this.timer = setTimeout(() => this.end(), Math.min(Math.max(at - serverNow(), 0), FURTHEST));
  }

  private end(): void {
    const now = serverNow();
    this.again = now + AGAIN_AFTER;
    const over = this.store.items.filter(
      ({ muted, mutedUntil }) => muted && Date.parse(mutedUntil ?? '') <= now,
    );
    // Without an answer it is asked again later, and after the next connection the whole list is.
    for (const { id } of over) void this.store.fetch(id).catch(() => undefined);
    this.wait(this.store.items);
  }
}
