import { Component, computed, input } from '@angular/core';

import type { Tick } from '../chat/timeline';

const NAMES: Record<Tick, string> = {
  pending: 'Waiting to be sent',
  failed: 'Not sent',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
};

/** How far a message of one's own got: a clock, one tick, two ticks, two ticks in the light of the lamp. */
@Component({
  selector: 'aldis-tick',
  template: `
    <svg viewBox="0 0 18 12" role="img" [attr.aria-label]="label()">
      @switch (tick()) {
        @case ('pending') {
          <path d="M9 1.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M9 3.6V6l1.7 1" />
        }
        @case ('failed') {
          <path d="M9 1.5v5.5M9 10h.01" />
        }
        @case ('sent') {
          <path d="M5 6.5L8 9.5 14 2.5" />
        }
        @default {
          <path d="M1.5 6.5l3 3L10.5 2.5M8.5 9.3l.2.2L15.5 2.5" />
        }
      }
    </svg>
  `,
  host: { '[attr.data-tick]': 'tick()' },
})
export class TickMark {
  readonly tick = input.required<Tick>();
  protected readonly label = computed(() => NAMES[this.tick()]);
}

export function tickName(tick: Tick): string {
  return NAMES[tick];
}
