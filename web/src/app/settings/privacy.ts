import { Component, computed, type ElementRef, inject, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Api } from '../api/api';
import { explain } from '../api/problem';
import { AuthService } from '../auth/auth-service';
import { Blocks } from '../details/blocks';
import { withoutUser } from '../people/handle';
import { Avatar } from '../ui/avatar';
import { EachOnce } from '../ui/each-once';
import { Asked, AskedState } from './asked';
import { Me } from './me';
import { Switch } from './switch';

/** Who may know that one is there, and whose messages do not arrive. */
@Component({
  selector: 'aldis-privacy',
  imports: [AskedState, Avatar, Switch],
  template: `
    <aldis-switch label="Hide when I am here" note="Nobody sees whether you are online and when you last were, and you do not see it of others." [on]="hidden()" [busy]="hiding()" (toggled)="hide($event)" />
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
    <h4>Blocked people</h4>
    <aldis-asked [what]="blocked" />
    <p #said class="unseen" role="status" tabindex="-1">{{ done() }}</p>
    @if (blocked.value(); as people) {
      <ul>
        @for (person of people; track person.username) {
          <li class="settings-line">
            <aldis-avatar [name]="person.username" [username]="person.username" />
            <span class="settings-text">{{ '@' + person.username }}</span>
            <button type="button" class="button quiet" [attr.aria-disabled]="unblocking.has(person.username)" (click)="unblock(person.username)">Unblock<span class="unseen">&ngsp;{{ person.username }}</span></button>
          </li>
        } @empty {
          <li class="settings-note">Nobody. You block somebody in the details of a conversation with them.</li>
        }
      </ul>
    }
  `,
})
export class Privacy {
  private readonly blocks = inject(Blocks);
  private readonly me = inject(Me);
  private readonly user = toSignal(inject(AuthService).user$, { requireSync: true });

  protected readonly hidden = computed(() => this.user()?.hidePresence ?? false);
  protected readonly blocked;
  protected readonly hiding = signal(false);
  protected readonly unblocking = new EachOnce();
  protected readonly failure = signal('');
  /** What was done; it takes the focus of the line that is gone. */
  protected readonly done = signal('');
  private readonly said = viewChild.required<ElementRef<HTMLElement>>('said');

  constructor() {
    const api = inject(Api);
    this.blocked = new Asked(() => api.blocks());
  }

  protected async hide(hidePresence: boolean): Promise<void> {
    this.hiding.set(true);
    await this.doing(() => this.me.change({ hidePresence }));
    this.hiding.set(false);
  }

  protected unblock(username: string): void {
    const work = async () => {
      await this.blocks.unblock(username);
      this.done.set(`${username} is no longer blocked.`);
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
