import { Component, input, output } from '@angular/core';

import type { Member } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { type ListBox, ListOption } from '../../ui/list-box';

/** Members of a group that a name which is being typed may mean. The keyboard stays in the composer. */
@Component({
  selector: 'aldis-mention-list',
  imports: [Avatar, ListOption],
  template: `
    <ul class="mentions" role="listbox" aria-label="Members" [id]="box().id">
      @for (member of members(); track member.username) {
        <li class="option" [aldisOption]="box()" [key]="member.username" (pick)="pick.emit(member)">
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
  readonly box = input.required<ListBox>();
  readonly pick = output<Member>();
}
