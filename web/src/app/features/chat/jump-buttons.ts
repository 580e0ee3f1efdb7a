import { Component, computed, input, output } from '@angular/core';

import { plural } from '../../core/language/plural';
import { Icon } from '../../ui/icon';

/** Over the messages: to the first unread one above, to the next mention, and to the end. */
@Component({
  selector: 'aldis-jump-buttons',
  imports: [Icon],
  template: `
    @if (above() > 0) {
      <div class="jump-up">
        <button type="button" class="jump-unread" (click)="unread.emit()">
          <aldis-icon name="down" />{{ news() }}
          <span class="unseen">{{ words.toFirst }}</span>
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Mark as read"
          i18n-aria-label
          title="Mark as read"
          i18n-title
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
          i18n-aria-label
          title="To the next mention of you"
          i18n-title
          (click)="point.emit(key)"
        >
          <span aria-hidden="true">&#64;</span>
        </button>
      }
      @if (!atEnd()) {
        <button type="button" class="jump" [attr.aria-label]="toNewest()" (click)="end.emit()">
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
  protected readonly words = { toFirst: $localize`, to the first unread message` };
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
  protected readonly news = computed(() =>
    plural(this.above(), $localize`{count, plural, one {# new} other {# new}}`),
  );
  protected readonly toNewest = computed(() =>
    this.below() > 0
      ? plural(
          this.below(),
          $localize`{count, plural, one {To the newest message, # new} other {To the newest message, # new}}`,
        )
      : $localize`To the newest message`,
  );
}
