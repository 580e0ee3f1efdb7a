import { Component, computed, inject, input, output } from '@angular/core';

import { Clock } from '../../core/clock';
import { dayHeading } from '../../core/format/time';

/**
 * The day of what one scrolls through; a press leads to others. For the eye and the pointer only: the headings
 * between the messages are for everybody.
 */
@Component({
  selector: 'aldis-floating-day',
  template: `
    @if (time()) {
      <button
        type="button"
        class="floating-day"
        tabindex="-1"
        aria-hidden="true"
        [class.moving]="moving()"
        (click)="pick.emit()"
      >
        <span>{{ day() }}</span>
      </button>
    }
  `,
})
export class FloatingDay {
  private readonly now = inject(Clock).day;
  /** When the topmost message was written; none while the heading of its day is in sight. */
  readonly time = input.required<Date | null>();
  readonly moving = input.required<boolean>();
  readonly pick = output();
  protected readonly day = computed(() => (this.time() ? dayHeading(this.time()!, this.now()) : ''));
}
