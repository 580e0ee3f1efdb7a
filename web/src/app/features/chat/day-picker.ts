import {
  afterNextRender,
  Component,
  type ElementRef,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { dateOf, startOfDay } from '../../core/format/dates';
import { explain } from '../../core/http/problem';
import { ExcerptReads } from '../../data/messages/excerpt-reads';
import type { Conversation } from '../../protocol/protocol';
import { Dialog } from '../../ui/dialog';
import { Presses } from '../../ui/presses';

/** Leads to the first message of a day, or the next one after it. */
@Component({
  selector: 'aldis-day-picker',
  imports: [Dialog],
  template: `
    <aldis-dialog heading="Go to a day" i18n-heading (closed)="closed.emit()">
      <form class="day-picker" novalidate (submit)="$event.preventDefault(); go()">
        <input
          #field
          class="field-input"
          type="date"
          aria-label="Day"
          i18n-aria-label
          [value]="dateOf(day())"
          [min]="dateOf(began())"
          [max]="dateOf(today)"
        />
        @if (failure()) {
          <p class="form-error" role="alert">{{ failure() }}</p>
        }
        <div class="dialog-actions">
          <button type="button" class="button quiet" (click)="take(beginning)">{{ words.beginning }}</button>
          <button type="submit" class="button" [attr.aria-disabled]="presses.busy()">{{ words.go }}</button>
        </div>
      </form>
    </aldis-dialog>
  `,
})
export class DayPicker {
  protected readonly words = { beginning: $localize`The beginning`, go: $localize`Go` };
  private readonly reads = inject(ExcerptReads);

  readonly conversation = input.required<Conversation>();
  /** The day that one looks at. */
  readonly day = input.required<Date>();
  readonly closed = output();

  protected readonly dateOf = dateOf;
  protected readonly today = new Date();
  /** Before any message, whatever a clock said when the conversation began. */
  protected readonly beginning = new Date(0);
  protected readonly presses = new Presses();
  protected readonly failure = signal('');
  private readonly field = viewChild.required<ElementRef<HTMLInputElement>>('field');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.field().nativeElement.focus());
  }

  protected began(): Date {
    return new Date(this.conversation().createdAt);
  }

  protected go(): void {
    const { value } = this.field().nativeElement;
    if (value) this.take(startOfDay(value));
    else this.failure.set($localize`Choose a day.`);
  }

  protected take(time: Date): void {
    this.presses.press(time, async () => {
      this.failure.set('');
      try {
        await this.reads.goSince(this.conversation().id, time);
        this.dialog().close();
        return true;
      } catch (error) {
        this.failure.set(explain(error));
        return false;
      }
    });
  }
}
