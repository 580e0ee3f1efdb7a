import { Component, computed, inject, input } from '@angular/core';

import { Clock } from '../../core/clock';
import { dayHeading } from '../../core/format/time';

/** The day of what one scrolls through. For the eye only: the headings between the messages say it, too. */
@Component({
  selector: 'aldis-floating-day',
  template: `
    @if (time()) {
      <p class="floating-day" aria-hidden="true" [class.moving]="moving()">{{ day() }}</p>
    }
  `,
})
export class FloatingDay {
  private readonly now = inject(Clock).day;
  /** When the topmost message was written; none while the heading of its day is in sight. */
  readonly time = input.required<Date | null>();
  readonly moving = input.required<boolean>();
  protected readonly day = computed(() => (this.time() ? dayHeading(this.time()!, this.now()) : ''));
}
