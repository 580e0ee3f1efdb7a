import { Component, inject, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { Clock } from '../../core/clock';
import { Failure } from '../../core/http/problem';
import { serverNow } from '../../core/http/server-time';
import { around } from '../../core/language/around';
import type { ApiToken, NewApiToken } from '../../protocol/protocol';
import { Confirm } from '../../ui/confirm';
import { Icon } from '../../ui/icon';
import { dayWithin } from './day';
import { NewToken } from './new-token';
import { Resource, ResourceState } from './resource';

/** What programs show instead of logging in: who holds the account makes and ends them. */
@Component({
  selector: 'aldis-tokens',
  imports: [ResourceState, Confirm, Icon, NewToken],
  template: `
    <p class="settings-note">
      {{ words.what }}
    </p>
    <button #add type="button" class="details-action" (click)="adding.set(true)">
      <aldis-icon name="plus" />{{ words.add }}
    </button>
    <aldis-resource [what]="tokens" />
    @if (tokens.value(); as list) {
      <ul>
        @for (token of list; track token.id) {
          <li class="settings-line">
            <span class="settings-text">
              <bdi>{{ token.name }}</bdi>
              <span class="settings-note">{{ about(token) }}</span>
            </span>
            <button
              type="button"
              class="button quiet"
              [attr.aria-label]="words.endOf(token.name)"
              (click)="ending.set(token)"
            >
              {{ words.end }}
            </button>
          </li>
        } @empty {
          <li class="settings-note">{{ words.none }}</li>
        }
      </ul>
    }
    @if (adding()) {
      <aldis-new-token [make]="make" (closed)="adding.set(false)" />
    }
    <!-- What was pressed to end one is gone with it: the focus goes to what makes one. -->
    @if (ending(); as token) {
      <aldis-confirm
        heading="End this API token?"
        i18n-heading
        yes="End"
        i18n-yes
        [work]="end"
        (done)="add.focus()"
        (closed)="ending.set(null)"
      >
        {{ words.cut[0] }}<bdi [textContent]="token.name"></bdi>{{ words.cut[1] }}
      </aldis-confirm>
    }
  `,
})
export class Tokens {
  protected readonly words = {
    what: $localize`A program shows a token instead of logging in, and reads and writes as you. Logging out ends none of them: end what you do not know or no longer use.`,
    add: $localize`New API token`,
    end: $localize`End`,
    endOf: (name: string) => $localize`End ${name}:name:`,
    none: $localize`No tokens yet. A program uses one in place of your password.`,
    cut: around((name) => $localize`Programs that use “${name}:name:” are cut off at once, and for good.`),
  };
  private readonly api = inject(Api);
  private readonly now = inject(Clock).day;

  protected readonly tokens = new Resource(() => this.api.call<ApiToken[]>('GET', '/auth/tokens'));
  protected readonly adding = signal(false);
  protected readonly ending = signal<ApiToken | null>(null);

  protected readonly make = async (token: NewApiToken) => {
    const { token: secret, ...made } = await this.api.call<ApiToken>('POST', '/auth/tokens', token);
    this.tokens.value.update((tokens) => tokens && [made, ...tokens.filter(({ id }) => id !== made.id)]);
    return secret!;
  };

  protected readonly end = async () => {
    const { id } = this.ending()!;
    try {
      await this.api.call('DELETE', `/auth/tokens/${encodeURIComponent(id)}`);
    } catch (error) {
      // It may have ended elsewhere meanwhile.
      if (!(error instanceof Failure && error.code === 'not_found')) throw error;
    }
    this.tokens.value.update((tokens) => tokens?.filter((token) => token.id !== id) ?? null);
  };

  /** “Made Sat 3 October · last used today · expires 3 October 2027”. */
  protected about({ createdAt, lastUsedAt, expiresAt }: ApiToken): string {
    const used = lastUsedAt ? $localize`last used ${this.day(lastUsedAt)}:day:` : $localize`never used`;
    return `${$localize`Made ${this.day(createdAt)}:day:`} · ${used} · ${this.ends(expiresAt)}`;
  }

  private ends(expiresAt: string | undefined): string {
    if (!expiresAt) return $localize`never expires`;
    const day = this.day(expiresAt);
    return Date.parse(expiresAt) <= serverNow()
      ? $localize`expired ${day}:day:`
      : $localize`expires ${day}:day:`;
  }

  private day(time: string): string {
    return dayWithin(time, this.now());
  }
}
