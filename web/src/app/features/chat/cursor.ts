import { computed, type Signal, signal } from '@angular/core';

import type { Entry } from '../../data/messages/timeline';

/** The key of the message that an element is part of. */
export function keyAt(element: EventTarget | null): string | undefined {
  return (element as Element).closest<HTMLElement>('.message')?.dataset['key'];
}

/** The message of a list that the keyboard is on: the newest one until it moves. */
export class Cursor {
  private readonly key = signal<string | null>(null);
  readonly index = computed(() => {
    const key = this.key();
    const index = key === null ? -1 : this.entries().findIndex((entry) => entry.key === key);
    return index < 0 ? this.entries().length - 1 : index;
  });
  readonly entry = computed(() => this.entries()[this.index()]);
  /** Stays in the document wherever the window is: the Tab key leads to it. */
  readonly mounted = computed(() => [this.index()]);

  constructor(private readonly entries: Signal<readonly Entry[]>) {}

  /** It came where it is by the pointer, not by a key. */
  pressed = false;

  /** Goes where the focus went. */
  focus(event: FocusEvent, pressed: boolean): void {
    this.pressed = pressed;
    const key = keyAt(event.target);
    if (key) this.key.set(key);
  }

  /** Goes where a key leads, if it is one that leads somewhere. */
  move(key: string): Entry | undefined {
    const end = this.entries().length - 1;
    const moves: Record<string, number> = {
      ArrowUp: this.index() - 1,
      ArrowDown: this.index() + 1,
      Home: 0,
      End: end,
    };
    const to = moves[key];
    const entry = to === undefined ? undefined : this.entries()[Math.min(Math.max(to, 0), end)];
    if (entry) this.key.set(entry.key);
    return entry;
  }
}
