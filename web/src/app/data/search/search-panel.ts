import { Service, signal } from '@angular/core';

import type { ConversationId } from '../../protocol/protocol';

/** The search field above the list of conversations: whether one searches, for what, and where. */
@Service()
export class SearchPanel {
  /** What is found stands in place of the list. */
  readonly open = signal(false);
  readonly query = signal('');
  /** The one conversation whose messages are searched; everything if `null`. */
  readonly within = signal<ConversationId | null>(null);
  /** On a phone the list comes in place of the chat. */
  readonly over = signal(false);
  /** How often it was asked for from elsewhere: each time the field gets the focus. */
  readonly asked = signal(0);
  /** What was found, by keys, in the order of the list. */
  readonly keys = signal<readonly string[]>([]);

  /** From beside the field: by a key, or in the head of a chat. */
  ask(within: ConversationId | null = null): void {
    this.within.set(within);
    this.over.set(true);
    this.open.set(true);
    this.asked.update((count) => count + 1);
  }

  close(): void {
    this.open.set(false);
    this.over.set(false);
    this.query.set('');
    this.within.set(null);
    this.keys.set([]);
  }
}
