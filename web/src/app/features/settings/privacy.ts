import { Component, computed, type ElementRef, inject, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Api } from '../../core/api/api';
import { withoutUser } from '../../core/handle';
import { explain } from '../../core/http/problem';
import { AuthService } from '../../core/session/auth-service';
import { Blocks } from '../../data/people/blocks';
import { ProfileSync } from '../../data/people/profile-sync';
import type { AddMe } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { EachOnce } from '../../ui/each-once';
import { Presses } from '../../ui/presses';
import { Switch } from '../../ui/switch';
import { Resource, ResourceState } from './resource';

/** Who may know that one is there, who may add one to groups, and whose messages do not arrive. */
@Component({
  selector: 'aldis-privacy',
  imports: [ResourceState, Avatar, Switch],
  template: `
    <aldis-switch
      label="Show when I'm online"
      i18n-label
      note="Off, nobody sees whether you are online and when you last were, and you do not see it of others."
      i18n-note
      [on]="!hidden()"
      [busy]="hiding()"
      (toggled)="hide(!$event)"
    />
    <fieldset class="choices">
      <legend>{{ words.who }}</legend>
      @for (choice of choices; track choice.who) {
        <label class="choice">
          <input
            type="radio"
            name="add-me"
            class="unseen"
            [value]="choice.who"
            [checked]="addMe() === choice.who"
            (change)="letAdd(choice.who)"
          />
          {{ choice.name }}
        </label>
      }
    </fieldset>
    <p class="settings-note">{{ words.others }}</p>
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
    <h4>{{ words.blocked }}</h4>
    <aldis-resource [what]="blocked" />
    <p #said class="unseen" role="status" tabindex="-1">{{ done() }}</p>
    @if (blocked.value(); as people) {
      <ul>
        @for (person of people; track person.username) {
          <li class="settings-line">
            <aldis-avatar [name]="person.username" [username]="person.username" />
            <span class="settings-text">{{ '@' + person.username }}</span>
            <button
              type="button"
              class="button quiet"
              [attr.aria-label]="words.unblockOf(person.username)"
              [attr.aria-disabled]="unblocking.has(person.username)"
              (click)="unblock(person.username)"
            >
              {{ words.unblock }}
            </button>
          </li>
        } @empty {
          <li class="settings-note">
            {{ words.nobody }}
          </li>
        }
      </ul>
    }
  `,
})
export class Privacy {
  protected readonly words = {
    who: $localize`Who may add me to groups`,
    others: $localize`Others can invite you, and you accept or decline.`,
    blocked: $localize`Blocked people`,
    unblock: $localize`Unblock`,
    unblockOf: (username: string) => $localize`Unblock ${username}:username:`,
    nobody: $localize`Nobody. You block somebody in the details of a conversation with them.`,
  };
  private readonly blocks = inject(Blocks);
  private readonly sync = inject(ProfileSync);
  private readonly user = toSignal(inject(AuthService).user$, { requireSync: true });

  protected readonly hidden = computed(() => this.user()?.hidePresence ?? false);
  protected readonly addMe = computed(() => this.chosen() ?? this.user()?.addMe ?? 'everybody');
  /** What was chosen and is not stored yet. */
  private readonly chosen = signal<AddMe | null>(null);
  protected readonly choices = [
    { who: 'everybody', name: $localize`Everybody` },
    { who: 'contacts', name: $localize`People I write to` },
    { who: 'nobody', name: $localize`Nobody` },
  ] as const;
  private readonly presses = new Presses();
  protected readonly blocked;
  protected readonly hiding = signal(false);
  protected readonly unblocking = new EachOnce();
  protected readonly failure = signal('');
  /** What was done; it takes the focus of the line that is gone. */
  protected readonly done = signal('');
  private readonly said = viewChild.required<ElementRef<HTMLElement>>('said');

  constructor() {
    const api = inject(Api);
    this.blocked = new Resource(() => api.blocks());
  }

  protected async hide(hidePresence: boolean): Promise<void> {
    this.hiding.set(true);
    await this.doing(() => this.sync.change({ hidePresence }));
    this.hiding.set(false);
  }

  /** The last choice counts, however fast they follow each other. */
  protected letAdd(addMe: AddMe): void {
    this.chosen.set(addMe);
    this.presses.press(addMe, async () => {
      await this.doing(() => this.sync.change({ addMe }));
      if (!this.presses.followed) this.chosen.set(null);
      return false;
    });
  }

  protected unblock(username: string): void {
    const work = async () => {
      await this.blocks.unblock(username);
      this.done.set($localize`${username}:username: is no longer blocked.`);
      this.said().nativeElement.focus();
      this.blocked.value.update((people) => people && withoutUser(people, username));
    };
    void this.unblocking.begin(username, () => this.doing(work));
  }

  private async doing(work: () => Promise<void>): Promise<void> {
    this.failure.set('');
    await work().catch((error: unknown) => this.failure.set(explain(error)));
  }
}
