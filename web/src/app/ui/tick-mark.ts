import { Component, computed, input } from '@angular/core';

/**
 * Told apart by their shape alone, as colours are not by everybody: the last is the only one that is filled.
 */
const SHAPES = {
  pending: 'M9 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M9 3.6V6l1.7 1',
  failed: 'M9 1.5v5.5M9 10h.01',
  sent: 'M5 6.5L8 9.5 14 2.5',
  delivered: 'M1.5 6.5l3 3L10.5 2.5M8.5 9.3l.2.2L15.5 2.5',
  read: 'M6 0h6a6 6 0 0 1 0 12H6A6 6 0 0 1 6 0zM2.4 6.6l2.7 2.8L9.8 4.1l-1.2-1-3.5 4.1-1.7-1.6zM8 7.7l1.6 1.7L14.5 4.1l-1.2-1L9.6 7.2 9 6.7z',
};

type Tick = keyof typeof SHAPES;

/** Looked up once: a chat has many. */
let names: Record<Tick, string> | undefined;

export function tickName(tick: Tick): string {
  names ??= {
    pending: $localize`Waiting to be sent`,
    failed: $localize`Not sent`,
    sent: $localize`Sent`,
    delivered: $localize`Delivered`,
    read: $localize`Read`,
  };
  return names[tick];
}

/** How far a message of one's own got: a clock, one tick, two ticks, a lamp with two ticks cut out of it. */
@Component({
  selector: 'aldis-tick',
  template: `<svg viewBox="0 0 18 12" role="img" [attr.aria-label]="label()">
    <path [attr.d]="shape()" />
  </svg>`,
  host: { '[attr.data-tick]': 'tick()' },
})
export class TickMark {
  readonly tick = input.required<Tick>();
  protected readonly shape = computed(() => SHAPES[this.tick()]);
  protected readonly label = computed(() => tickName(this.tick()));
}
