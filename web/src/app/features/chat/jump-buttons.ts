import { Component, input, output } from '@angular/core';

import { Icon } from '../../ui/icon';

/** Over the messages: to the first unread one above, to the next mention, and to the end. */
@Component({
  selector: 'aldis-jump-buttons',
  imports: [Icon],
  template: `
    @if (above() > 0) {
      <div class="jump-up">
        <button type="button" class="jump-unread" (click)="unread.emit()">
          <aldis-icon name="down" />{{ above().toLocaleString('en') }} new
          <span class="unseen">, to the first unread message</span>
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Mark as read"
          title="Mark as read"
          (click)="read.emit()"
        >
          <aldis-icon name="close" />
        </button>
      </div>
    }
    <div class="jumps">
      @if (mention(); as key) {
        <button
          type="button"
          class="jump"
          aria-label="To the next mention of you"
          title="To the next mention of you"
          (click)="point.emit(key)"
        >
          <span aria-hidden="true">&#64;</span>
        </button>
      }
      @if (!atEnd()) {
        <button
          type="button"
          class="jump"
          [attr.aria-label]="
            below() > 0 ? 'To the newest message, ' + below() + ' new' : 'To the newest message'
          "
          (click)="end.emit()"
        >
          @if (below() > 0) {
            <span class="badge" aria-hidden="true">{{ below() > 999 ? '999+' : below() }}</span>
          }
          <aldis-icon name="down" />
        </button>
      }
    </div>
  `,
})
export class JumpButtons {
  /** How many unread messages lie above the window, and below it. */
  readonly above = input.required<number>();
  readonly below = input.required<number>();
  /** The key of the next unread message that names this person, outside of the window. */
  readonly mention = input.required<string | null>();
  readonly atEnd = input.required<boolean>();
  readonly unread = output();
  readonly read = output();
  readonly point = output<string>();
  readonly end = output();
}
