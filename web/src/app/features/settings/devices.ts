import { Component, computed, inject, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { Clock } from '../../core/clock';
import { lastSeenTime } from '../../core/format/time';
import { explain } from '../../core/http/problem';
import { device } from '../../core/session/device';
import type { Session } from '../../protocol/protocol';
import { Confirm } from '../../ui/confirm';
import { EachOnce } from '../../ui/each-once';
import { Icon } from '../../ui/icon';
import { Resource, ResourceState } from './resource';

/** Where one is logged in, and logging out there. */
@Component({
  selector: 'aldis-devices',
  imports: [ResourceState, Confirm, Icon],
  template: `
    <p class="settings-note">{{ words.where }}</p>
    <aldis-resource [what]="sessions" />
    <ul>
      @for (session of sessions.value() ?? []; track session.id) {
        <li class="settings-line">
          <aldis-icon name="system" />
          <span class="settings-text">
            {{ nameOf(session) }}
            <span class="settings-note">{{ session.current ? words.here : seen(session) }}</span>
          </span>
          @if (!session.current) {
            <button
              type="button"
              class="button quiet"
              [attr.aria-label]="words.endOf(nameOf(session))"
              [attr.aria-disabled]="ending.has(session.id)"
              (click)="end(session)"
            >
              {{ words.end }}
            </button>
          }
        </li>
      }
    </ul>
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
    @if (others().length > 1) {
      <button type="button" class="details-action danger" (click)="asking.set(true)">
        <aldis-icon name="leave" />{{ words.endAll }}
      </button>
    }
    @if (asking()) {
      <aldis-confirm
        heading="Log out all other devices?"
        i18n-heading
        yes="Log out"
        i18n-yes
        [work]="endOthers"
        (closed)="asking.set(false)"
      >
        {{ words.stay }}
      </aldis-confirm>
    }
  `,
})
export class Devices {
  protected readonly words = {
    where: $localize`Where you are logged in. Log out what you do not know or no longer use.`,
    here: $localize`This device`,
    end: $localize`Log out`,
    endOf: (device: string) => $localize`Log out ${device}:device:`,
    endAll: $localize`Log out all other devices`,
    stay: $localize`You stay logged in here only. API tokens stay, too: they have a section of their own.`,
  };
  private readonly api = inject(Api);
  private readonly now = inject(Clock).day;

  protected readonly sessions = new Resource(async () =>
    (await this.api.sessions()).toSorted((a, b) => Number(b.current) - Number(a.current)),
  );
  protected readonly others = computed(() => (this.sessions.value() ?? []).filter(({ current }) => !current));
  protected readonly asking = signal(false);
  protected readonly ending = new EachOnce();
  protected readonly failure = signal('');
  protected readonly endOthers = () => this.ended(this.others());

  /** Others may have been logged out by something else. */
  reload(): Promise<void> {
    return this.sessions.again();
  }

  protected nameOf({ device: label, current }: Session): string {
    return label ?? (current ? device() : $localize`Unknown device`);
  }

  protected seen({ lastSeenAt }: Session): string {
    const said = lastSeenTime(new Date(lastSeenAt), this.now());
    return said[0]!.toUpperCase() + said.slice(1);
  }

  protected end(session: Session): void {
    this.failure.set('');
    void this.ending.begin(session.id, () =>
      this.ended([session]).catch((error: unknown) => this.failure.set(explain(error))),
    );
  }

  /** One that has ended by itself meanwhile is not there any more: what counts is the list afterwards. */
  private async ended(sessions: readonly Session[]): Promise<void> {
    const results = await Promise.allSettled(sessions.map(({ id }) => this.api.endSession(id)));
    await this.sessions.again();
    const left = new Set(this.others().map(({ id }) => id));
    const failed = results.find(
      (result, index) => result.status === 'rejected' && left.has(sessions[index]!.id),
    );
    if (failed) throw (failed as PromiseRejectedResult).reason;
  }
}
