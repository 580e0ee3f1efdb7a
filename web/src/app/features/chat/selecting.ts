import { computed, type Signal, signal } from '@angular/core';

import type { Entry } from '../../data/messages/timeline';

/** The messages of a chat that are selected, to do something with all of them at once. */
export class Selecting {
  /** Nothing while nobody selects; while somebody does, perhaps none. */
  private readonly keys = signal<ReadonlySet<string> | null>(null);
  readonly active = computed(() => this.keys() !== null);
  /** What is selected and still there, in the order of the chat. */
  readonly chosen = computed(() => this.entries().filter((entry) => this.has(entry) && isThere(entry)));

  constructor(private readonly entries: Signal<readonly Entry[]>) {}

  has({ key }: Entry): boolean {
    return this.keys()?.has(key) ?? false;
  }

  /** Selects a message, or takes that back; what is not stored, or was deleted, cannot be. */
  toggle(entry: Entry): void {
    if (!isThere(entry)) return;
    const keys = new Set(this.keys());
    if (!keys.delete(entry.key)) keys.add(entry.key);
    this.keys.set(keys);
  }

  end(): void {
    this.keys.set(null);
  }
}

function isThere({ message }: Entry): boolean {
  return message !== undefined && !message.deletedAt;
}
