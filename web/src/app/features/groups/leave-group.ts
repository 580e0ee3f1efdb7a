import { Component, computed, inject, input, output, signal } from '@angular/core';
import { Router } from '@angular/router';

import { findUser, sameUser, withoutUser } from '../../core/handle';
import { countOf, linkTo, roleOf } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Groups } from '../../data/groups/groups';
import { readMembers } from '../../data/groups/member-store';
import { byRank } from '../../data/groups/roles';
import type { Conversation } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { Confirm } from '../../ui/confirm';

/** So many are offered at once; the others are found by their name. */
const SHOWN = 20;

/** Asks before a group is left. Its owner chooses the next one, for a group is never without. */
@Component({
  selector: 'aldis-leave-group',
  imports: [Avatar, Confirm],
  template: `
    <aldis-confirm
      heading="Leave this group?"
      i18n-heading
      [yes]="hands() ? words.handOver : words.leave"
      [ready]="!hands() || chosen()"
      [work]="leave"
      (done)="left.emit()"
      (closed)="closed.emit()"
    >
      {{ words.gone }}
      @if (hands()) {
        {{ words.choose }}
      }
      @if (hands()) {
        <div class="heirs" role="radiogroup" aria-label="The next owner" i18n-aria-label choice>
          @if (others().length > SHOWN) {
            <input
              #name
              class="field-input"
              type="search"
              aria-label="Name or username"
              i18n-aria-label
              placeholder="Name or username"
              i18n-placeholder
              (input)="query.set(name.value)"
            />
          }
          @for (member of offered(); track member.username) {
            <label class="heir">
              <input
                type="radio"
                name="owner"
                [value]="member.username"
                [checked]="member.username === owner()"
                (change)="owner.set(member.username)"
              />
              <aldis-avatar [name]="member.displayName" [username]="member.username" />
              <span class="member-name"
                ><bdi>{{ member.displayName }}</bdi></span
              >
              <span class="member-note">{{ '@' + member.username }}</span>
            </label>
          } @empty {
            <p class="details-note">{{ words.nobody }}</p>
          }
        </div>
      }
    </aldis-confirm>
  `,
})
export class LeaveGroup {
  protected readonly words = {
    leave: $localize`Leave`,
    handOver: $localize`Hand over and leave`,
    gone: $localize`You will no longer see what is written here, and what this browser kept of it is removed.`,
    choose: $localize`You are its owner: choose who is the next one.`,
    nobody: $localize`No member is called so.`,
  };
  private readonly groups = inject(Groups);
  private readonly router = inject(Router);
  private readonly me = inject(ConversationStore).me;

  readonly group = input.required<Conversation>();
  readonly left = output();
  readonly closed = output();

  protected readonly SHOWN = SHOWN;
  protected readonly query = signal('');
  /** The username of the next owner. */
  protected readonly owner = signal('');
  /** The owner cannot leave others without one. */
  protected readonly hands = computed(
    () => roleOf(this.group(), this.me) === 'owner' && countOf(this.group()) > 1,
  );
  private readonly members = readMembers(this.group);
  protected readonly others = computed(() => byRank(withoutUser(this.members(), this.me)));
  /** Who was chosen may have left since. */
  protected readonly chosen = computed(() => findUser(this.others(), this.owner()) !== undefined);
  protected readonly offered = computed(() => {
    const query = this.query().trim().replace(/^@/, '').toLowerCase();
    const named = this.others().filter(({ username, displayName }) =>
      [username, displayName].some((name) => name.toLowerCase().includes(query)),
    );
    const shown = named.slice(0, SHOWN);
    // Who is chosen stays in sight.
    const chosen = named.find(({ username }) => sameUser(username, this.owner()));
    return chosen && !shown.includes(chosen) ? [chosen, ...shown] : shown;
  });

  protected readonly leave = async () => {
    const { id } = this.group();
    const here = this.router.url.split(/[?#]/)[0] === linkTo(this.group(), this.me).join('/');
    // Once more after a lost answer: then somebody else is the owner already.
    if (this.hands()) await this.groups.put(id, this.owner(), 'owner');
    await this.groups.leave(id);
    if (here) await this.router.navigateByUrl('/', { replaceUrl: true });
  };
}
