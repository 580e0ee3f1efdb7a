import {
  Component,
  computed,
  effect,
  inject,
  input,
  output,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';

import { Api } from '../../core/api/api';
import { chatWith } from '../../core/chat-key';
import { findUser, linkToUser, sameUser } from '../../core/handle';
import { plural } from '../../core/language/plural';
import { conversationOf, linkTo, titleOf } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { commonGroups } from '../../data/groups/common-groups';
import { PresenceStore } from '../../data/live/presence-store';
import { Faces } from '../../data/people/faces';
import type { Conversation, User } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { PersonDetails } from './person-details';

const SHOWN = 8;

/** A person, from wherever their picture or name was pressed: who they are, and the way to write to them. */
@Component({
  selector: 'aldis-person-card',
  imports: [Avatar, Dialog, Icon, PersonDetails],
  template: `
    <aldis-dialog class="person-card" [heading]="self() ? words.you : words.person" (closed)="closed.emit()">
      <aldis-person-details [username]="handle()" [title]="title()" [conversation]="conversation()">
        <button type="button" class="button" (click)="write()">
          <aldis-icon name="write" />{{ self() ? words.writeToSelf : words.message }}
        </button>
      </aldis-person-details>
      @if (groups().length > 0 && !self()) {
        <section class="common" aria-labelledby="common-heading">
          <h3 id="common-heading">{{ words.common }}</h3>
          <ul>
            @for (group of groups().slice(0, SHOWN); track group.id) {
              <li>
                <button type="button" class="details-action" (click)="open(group)">
                  <aldis-avatar [name]="titleIn(group)" [username]="group.id" [group]="true" />
                  <span class="details-label" dir="auto">{{ titleIn(group) }}</span>
                </button>
              </li>
            }
          </ul>
          @if (more(); as more) {
            <p class="details-note">{{ more }}</p>
          }
        </section>
      }
    </aldis-dialog>
  `,
})
export class PersonCard {
  protected readonly words = {
    you: $localize`You`,
    person: $localize`Person`,
    writeToSelf: $localize`Write to yourself`,
    message: $localize`Message`,
    common: $localize`Groups in common`,
  };
  private readonly api = inject(Api);
  private readonly faces = inject(Faces);
  private readonly presences = inject(PresenceStore);
  private readonly router = inject(Router);
  private readonly store = inject(ConversationStore);

  /** In any spelling, as in a mention. */
  readonly username = input.required<string>();
  readonly closed = output();

  protected readonly SHOWN = SHOWN;
  private readonly all = toSignal(this.store.conversations$, { requireSync: true });
  private readonly answered = signal<User | null>(null);
  private readonly found = computed(() =>
    sameUser(this.answered()?.username, this.username()) ? this.answered() : null,
  );
  protected readonly self = computed(() => sameUser(this.username(), this.store.me));
  protected readonly conversation = computed(() =>
    conversationOf(this.all(), chatWith(this.username()), this.store.me),
  );
  protected readonly groups = computed(() => commonGroups(this.all(), this.store.me, this.username()));
  protected readonly more = computed(() => {
    const count = this.groups().length - SHOWN;
    return count > 0 && plural(count, $localize`{count, plural, one {and # more} other {and # more}}`);
  });
  /** What this browser knows of them, until the server has answered. */
  private readonly known = computed(() =>
    findUser(
      [this.conversation(), ...this.groups()].flatMap((conversation) => conversation?.members ?? []),
      this.username(),
    ),
  );
  protected readonly handle = computed(() => (this.found() ?? this.known())?.username ?? this.username());
  protected readonly title = computed(() => (this.found() ?? this.known())?.displayName ?? this.username());
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    effect((ended) => {
      const username = this.username();
      untracked(() => {
        this.presences.watchAlso(username);
        // Without an answer, what is known already is shown.
        void this.api.user(username).then(
          (user) => {
            this.answered.set(user);
            this.faces.know([user]);
          },
          () => undefined,
        );
      });
      ended(() => this.presences.watchAlso(null));
    });
  }

  protected titleIn(group: Conversation): string {
    return titleOf(group, this.store.me);
  }

  protected write(): void {
    void this.go([linkToUser(this.handle())]);
  }

  protected open(group: Conversation): void {
    void this.go(linkTo(group, this.store.me));
  }

  private async go(link: string[]): Promise<void> {
    this.dialog().close();
    await this.router.navigate(link);
  }
}
