import { Component, computed, effect, inject, input, signal, untracked } from '@angular/core';

import { Api } from '../../core/api/api';
import { withoutUser } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import { Groups } from '../../data/groups/groups';
import type { Conversation, Invitee, Page } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { EachOnce } from '../../ui/each-once';

/** Whom a group has invited, for those who lead it. */
@Component({
  selector: 'aldis-invitees',
  imports: [Avatar],
  template: `
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
    @if (invited().length > 0) {
      <h3>{{ words.invited }}</h3>
      <p class="details-note">{{ words.accept }}</p>
      <ul aria-label="Invited" i18n-aria-label>
        @for (person of invited(); track person.username) {
          <li class="member invitee">
            <aldis-avatar [name]="person.displayName" [username]="person.username" />
            <span class="member-name" dir="auto">{{ person.displayName }}</span>
            <span class="member-note">{{ '@' + person.username }}</span>
            <button
              type="button"
              class="button quiet"
              [attr.aria-label]="words.takeBackOf(person.displayName)"
              [attr.aria-disabled]="ending.has(person.username)"
              (click)="takeBack(person)"
            >
              {{ words.takeBack }}
            </button>
          </li>
        }
      </ul>
    }
  `,
})
export class Invitees {
  protected readonly words = {
    invited: $localize`Invited`,
    accept: $localize`They have to accept.`,
    takeBack: $localize`Take back`,
    takeBackOf: (name: string) => $localize`Take back the invitation of ${name}:name:`,
  };
  private readonly api = inject(Api);
  private readonly groups = inject(Groups);
  readonly group = input.required<Conversation>();

  protected readonly invited = signal<readonly Invitee[]>([]);
  protected readonly failure = signal('');
  protected readonly ending = new EachOnce();
  /** Read anew when somebody comes or goes. */
  private readonly state = computed(() => `${this.group().id} ${this.group().memberCount}`);
  private reads = 0;

  constructor() {
    effect(() => {
      this.state();
      untracked(() => void this.read());
    });
  }

  async read(): Promise<void> {
    const turn = ++this.reads;
    const path = `/api/conversations/${encodeURIComponent(this.group().id)}/invitations`;
    const all: Invitee[] = [];
    let next: string | undefined;
    try {
      do {
        const page: Page<Invitee> = await this.api.call(
          'GET',
          next ? `${path}?next=${encodeURIComponent(next)}` : path,
        );
        all.push(...page.items);
        next = page.next;
      } while (next);
    } catch {
      // Read again when the panel is opened, or somebody comes or goes.
      return;
    }
    if (turn === this.reads) this.invited.set(all);
  }

  protected takeBack({ username }: Invitee): void {
    this.failure.set('');
    void this.ending.begin(username, async () => {
      try {
        await this.groups.remove(this.group().id, username);
        this.invited.update((people) => withoutUser(people, username));
      } catch (error) {
        // Declined in the meantime.
        if (error instanceof Failure && error.code === 'not_found') await this.read();
        else this.failure.set(explain(error));
      }
    });
  }
}
