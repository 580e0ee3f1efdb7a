import { Component, input, output } from '@angular/core';

import { Avatar } from '../../ui/avatar';
import { type ListBox, ListOption } from '../../ui/list-box';
import type { Suggestion } from './suggestions';

/** Members of the group, or emoji, that a name which is being typed may mean. The keyboard stays in the composer. */
@Component({
  selector: 'aldis-mention-list',
  imports: [Avatar, ListOption],
  template: `
    <ul
      class="mentions"
      role="listbox"
      [attr.aria-label]="found()[0]?.emoji ? words.emoji : words.members"
      [id]="box().id"
    >
      @for (item of found(); track item.key) {
        <li class="option" [aldisOption]="box()" [key]="item.key" (pick)="pick.emit(item)">
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
  protected readonly words = { emoji: $localize`Emoji`, members: $localize`Members` };
  readonly found = input.required<readonly Suggestion[]>();
  readonly box = input.required<ListBox>();
  readonly pick = output<Suggestion>();
}
