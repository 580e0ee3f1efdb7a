import { Component, computed, inject, input, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Clock } from '../../core/clock';
import { sameUser } from '../../core/handle';
import { explain } from '../../core/http/problem';
import { around } from '../../core/language/around';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { presenceNote } from '../../data/live/presence-note';
import { PresenceStore } from '../../data/live/presence-store';
import { Blocks } from '../../data/people/blocks';
import type { Conversation } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { Confirm } from '../../ui/confirm';
import { Icon } from '../../ui/icon';
import { Report } from '../people/report';
import { MuteSwitch } from './mute-switch';

/** About a person: what is inside stands before what one can do about them. */
@Component({
  selector: 'aldis-person-details',
  imports: [Avatar, Confirm, Icon, MuteSwitch, Report],
  template: `
    <div class="details-who">
      <aldis-avatar [name]="title()" [username]="username()" [large]="true" />
      <h3 dir="auto">{{ title() }}</h3>
      <p class="details-note">{{ '@' + username() }}</p>
      @if (presence()) {
        <p class="details-note">{{ presence() }}</p>
      }
    </div>
    <ng-content />
    @if (conversation(); as conversation) {
      <aldis-mute-switch [conversation]="conversation" />
    }
    @if (!self()) {
      @if (blocked()) {
        <p class="notice">
          {{ words.blocked[0] }}<bdi>{{ title() }}</bdi
          >{{ words.blocked[1] }}
        </p>
        <button type="button" class="details-action" [attr.aria-disabled]="busy()" (click)="unblock()">
          <aldis-icon name="block" />{{ words.unblock }}
        </button>
      } @else {
        <button type="button" class="details-action danger" (click)="asking.set(true)">
          <aldis-icon name="block" />{{ words.block }}
        </button>
      }
      <button type="button" class="details-action danger" (click)="reporting.set(true)">
        <aldis-icon name="warning" />{{ words.report }}
      </button>
    }
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
    @if (asking()) {
      <aldis-confirm
        [heading]="words.sure(title())"
        yes="Block"
        i18n-yes
        [work]="block"
        (closed)="asking.set(false)"
      >
        {{ words.means }}
      </aldis-confirm>
    }
    @if (reporting()) {
      <aldis-report [username]="username()" (closed)="reporting.set(false)" />
    }
  `,
})
export class PersonDetails {
  protected readonly words = {
    blocked: around(
      (name) => $localize`You have blocked ${name}:name:. What they write to you does not arrive.`,
    ),
    block: $localize`Block`,
    unblock: $localize`Unblock`,
    report: $localize`Report`,
    sure: (name: string) => $localize`Block ${name}:name:?`,
    means: $localize`What they write to you will not arrive, and they are not told. In groups you go on seeing each other.`,
  };
  private readonly blocks = inject(Blocks);
  private readonly me = inject(ConversationStore).me;
  private readonly presences = toSignal(inject(PresenceStore).presences$, { requireSync: true });
  private readonly now = inject(Clock).day;

  readonly conversation = input<Conversation>();
  readonly username = input.required<string>();
  readonly title = input.required<string>();

  protected readonly self = computed(() => sameUser(this.username(), this.me));
  protected readonly presence = computed(() =>
    presenceNote(this.presences().get(this.username()), this.now()),
  );
  private readonly all = toSignal(this.blocks.blocked$, { requireSync: true });
  protected readonly blocked = computed(() => this.all().has(this.username()));
  protected readonly asking = signal(false);
  protected readonly reporting = signal(false);
  protected readonly busy = signal(false);
  protected readonly failure = signal('');
  protected readonly block = () => this.blocks.block(this.username());

  protected async unblock(): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    this.failure.set('');
    await this.blocks.unblock(this.username()).catch((error: unknown) => this.failure.set(explain(error)));
    this.busy.set(false);
  }
}
