import { Component, computed, inject, input } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { PresenceStore } from '../../data/live/presence-store';

/** A light at the picture of somebody who is there. */
@Component({
  selector: 'aldis-presence-dot',
  template:
    '@if (online(); as online) {<span class="presence-dot" aria-hidden="true"></span><span class="unseen">{{ online }}</span>}',
})
export class PresenceDot {
  private readonly presences = toSignal(inject(PresenceStore).presences$, { requireSync: true });

  readonly username = input.required<string>();
  /** In a word; nothing where they are not. */
  protected readonly online = computed(() =>
    this.presences().get(this.username())?.online ? $localize`online` : '',
  );
}
