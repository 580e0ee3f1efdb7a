import { type Signal, signal } from '@angular/core';

import { explain } from '../../core/http/problem';
import type { MessageChanges } from '../../data/messages/message-changes';
import type { Entry } from '../../data/messages/timeline';

/** What the composer is about: something new, an answer, or a message that is changed. */
export class Composing {
  readonly replying = signal<Entry | null>(null);
  readonly editing = signal<Entry | null>(null);
  readonly failure = signal('');

  constructor(
    private readonly entries: Signal<readonly Entry[]>,
    private readonly changes: MessageChanges,
  ) {}

  reply(entry: Entry): void {
    this.editing.set(null);
    this.replying.set(entry);
  }

  edit(entry: Entry): boolean {
    if (!entry.own || !entry.message || entry.message.deletedAt) return false;
    this.cancel();
    this.editing.set(entry);
    return true;
  }

  /** One's own last message that can be changed. */
  last(): Entry | undefined {
    return this.entries().findLast(({ own, message }) => own && message && !message.deletedAt);
  }

  /** The message one further up or down than the one that is answered; past the newest, none. */
  step(direction: 1 | -1): Entry | undefined {
    const candidates = this.entries().filter(({ message }) => message && !message.deletedAt);
    const index = candidates.findIndex(({ key }) => key === this.replying()?.key);
    if (index < 0 && direction > 0) return undefined;
    return candidates[Math.max((index < 0 ? candidates.length : index) + direction, 0)];
  }

  active(): boolean {
    return this.replying() !== null || this.editing() !== null;
  }

  cancel(): void {
    this.replying.set(null);
    this.editing.set(null);
    this.failure.set('');
    this.changes.forget();
  }

  async save(text: string): Promise<void> {
    const entry = this.editing();
    if (!entry?.message) return;
    this.failure.set('');
    try {
      if (text !== entry.message.text) await this.changes.edit(entry.message, text);
      // Another one may be changed by now.
      if (this.editing() === entry) this.editing.set(null);
    } catch (error) {
      this.failure.set(explain(error));
    }
  }
}
