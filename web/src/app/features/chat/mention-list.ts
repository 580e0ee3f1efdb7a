import { Component, input, output } from '@angular/core';

import type { Member } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';

/** Members of a group that a name which is being typed may mean. The keyboard stays in the composer. */
@Component({
  selector: 'aldis-mention-list',
  imports: [Avatar],
  template: `
    <ul id="mentions" class="mentions" role="listbox" aria-label="Members">
      @for (member of members(); track member.username; let index = $index) {
        <!-- The keyboard stays in the field and moves the choice from there. -->
        <!-- eslint-disable-next-line @angular-eslint/template/click-events-have-key-events, @angular-eslint/template/interactive-supports-focus -->
        <li
          role="option"
          class="option"
          [id]="'mention-' + index"
          [attr.aria-selected]="index === chosen()"
          (pointerdown)="$event.preventDefault()"
          (click)="pick.emit(member)"
        >
          <aldis-avatar [name]="member.displayName" [username]="member.username" />
          <span class="option-title" dir="auto">{{ member.displayName }}</span>
          <span class="option-note">{{ '@' + member.username }}</span>
        </li>
      }
    </ul>
  `,
})
export class MentionList {
  readonly members = input.required<readonly Member[]>();
  readonly chosen = input.required<number>();
  readonly pick = output<Member>();
}
