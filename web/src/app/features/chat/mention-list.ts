import { Component, input } from '@angular/core';

import { Avatar } from '../../ui/avatar';
import { ListOption } from '../../ui/list-box';
import type { Suggesting } from './suggesting';

/** Members of the group, or emoji, that a name which is being typed may mean. The keyboard stays in the composer. */
@Component({
  selector: 'aldis-mention-list',
  imports: [Avatar, ListOption],
  template: `
    <ul
      class="mentions"
      role="listbox"
      [attr.aria-label]="suggesting().found()[0]?.emoji ? 'Emoji' : 'Members'"
      [id]="suggesting().box.id"
    >
      @for (item of suggesting().found(); track item.key) {
        <li class="option" [aldisOption]="suggesting().box" [key]="item.key" (pick)="suggesting().take(item)">
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
  readonly suggesting = input.required<Suggesting>();
}
