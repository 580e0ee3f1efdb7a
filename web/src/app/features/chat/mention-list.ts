import { Component, input, output } from '@angular/core';

import { Avatar } from '../../ui/avatar';
import type { Suggestion } from './suggestions';

/** Members of the group, or emoji, that a name which is being typed may mean. The keyboard stays in the composer. */
@Component({
  selector: 'aldis-mention-list',
  imports: [Avatar],
  template: `
    <ul
      id="mentions"
      class="mentions"
      role="listbox"
      [attr.aria-label]="found()[0]?.emoji ? 'Emoji' : 'Members'"
    >
      @for (item of found(); track item.note + item.title; let index = $index) {
        <!-- The keyboard stays in the field and moves the choice from there. -->
        <!-- eslint-disable-next-line @angular-eslint/template/click-events-have-key-events, @angular-eslint/template/interactive-supports-focus -->
        <li
          role="option"
          class="option"
          [id]="'mention-' + index"
          [attr.aria-selected]="index === chosen()"
          (pointerdown)="$event.preventDefault()"
          (click)="pick.emit(item)"
        >
          @if (item.username; as username) {
            <aldis-avatar [name]="item.title" [username]="username" />
          } @else {
            <span class="emoji" aria-hidden="true">{{ item.emoji }}</span>
          }
          <span class="option-title" dir="auto">{{ item.title }}</span>
          <span class="option-note">{{ item.note }}</span>
        </li>
      }
    </ul>
  `,
})
export class MentionList {
  readonly found = input.required<readonly Suggestion[]>();
  readonly chosen = input.required<number>();
  readonly pick = output<Suggestion>();
}
