import { Component, computed, inject, input, signal } from '@angular/core';

import { fullTime } from '../../core/format/time';
import { explain } from '../../core/http/problem';
import { Groups } from '../../data/groups/groups';
import type { Conversation } from '../../protocol/protocol';
import { Icon } from '../../ui/icon';

/** Whether one wants to hear of a conversation. */
@Component({
  selector: 'aldis-mute-switch',
  imports: [Icon],
  template: `
    <button
      type="button"
      class="details-action"
      role="switch"
      [attr.aria-checked]="conversation().muted"
      [attr.aria-disabled]="busy()"
      (click)="toggle()"
    >
      <aldis-icon [name]="conversation().muted ? 'muted' : 'sound'" /><span class="details-label">{{
        words.mute
      }}</span>
      <span class="switch" aria-hidden="true"></span>
    </button>
    @if (until(); as until) {
      <p class="details-note">{{ until }}</p>
    }
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
  `,
})
export class MuteSwitch {
  protected readonly words = {
    mute: $localize`Mute`,
  };
  private readonly groups = inject(Groups);
  readonly conversation = input.required<Conversation>();

  protected readonly until = computed(() => {
    const { muted, mutedUntil } = this.conversation();
    return muted && mutedUntil ? $localize`Until ${fullTime(new Date(mutedUntil))}:time:` : '';
  });
  protected readonly busy = signal(false);
  protected readonly failure = signal('');

  protected async toggle(): Promise<void> {
    if (this.busy()) return;
    const { id, muted } = this.conversation();
    this.busy.set(true);
    this.failure.set('');
    await this.groups
      .change(id, { muted: !muted })
      .catch((error: unknown) => this.failure.set(explain(error)));
    this.busy.set(false);
  }
}
