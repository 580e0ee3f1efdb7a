import { Service, signal } from '@angular/core';

import type { ConversationId } from '../../protocol/protocol';

/** The search field above the list of conversations, and the search within the conversation that is open. */
@Service()
export class SearchPanel {
  /** What is found stands in place of the list. */
  readonly open = signal(false);
  readonly query = signal('');
  /** The conversation that is searched by itself, in a bar of its chat. */
  readonly within = signal<ConversationId | null>(null);
  /** On a phone the list comes in place of the chat. */
  readonly over = signal(false);
  /** How often it was asked for from elsewhere: each time the field gets the focus. */
  readonly asked = signal(0);
  /** What was found, by keys, in the order of the list. */
  readonly keys = signal<readonly string[]>([]);

  /** From beside the field, by a key. */
  ask(): void {
    this.over.set(true);
    this.open.set(true);
    this.asked.update((count) => count + 1);
  }

  close(): void {
    this.open.set(false);
    this.over.set(false);
    this.query.set('');
    this.keys.set([]);
  }
}
