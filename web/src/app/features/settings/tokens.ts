import { Component, inject, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { Clock } from '../../core/clock';
import { dayHeading } from '../../core/format/time';
import { Failure } from '../../core/http/problem';
import { serverNow } from '../../core/http/server-time';
import type { ApiToken, NewApiToken } from '../../protocol/protocol';
import { Confirm } from '../../ui/confirm';
import { Icon } from '../../ui/icon';
import { NewToken } from './new-token';
import { Resource, ResourceState } from './resource';

/** What programs show instead of logging in: who holds the account makes and ends them. */
@Component({
  selector: 'aldis-tokens',
  imports: [ResourceState, Confirm, Icon, NewToken],
  template: `
    <p class="settings-note">
      A program shows a token instead of logging in, and reads and writes as you. Logging out ends none of
      them: end what you do not know or no longer use.
    </p>
    <button #add type="button" class="details-action" (click)="adding.set(true)">
      <aldis-icon name="plus" />New API token
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
            <button type="button" class="button quiet" (click)="ending.set(token)">
              End<span class="unseen">&ngsp;{{ token.name }}</span>
            </button>
          </li>
        } @empty {
          <li class="settings-note">No tokens yet. A program uses one in place of your password.</li>
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
        yes="End"
        [work]="end"
        (done)="add.focus()"
        (closed)="ending.set(null)"
      >
        Programs that use “<bdi [textContent]="token.name"></bdi>” are cut off at once, and for good.
      </aldis-confirm>
    }
  `,
})
export class Tokens {
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
    const used = lastUsedAt ? `last used ${this.day(lastUsedAt)}` : 'never used';
    return `Made ${this.day(createdAt)} · ${used} · ${this.ends(expiresAt)}`;
  }

  private ends(expiresAt: string | undefined): string {
    if (!expiresAt) return 'never expires';
    return `${Date.parse(expiresAt) <= serverNow() ? 'expired' : 'expires'} ${this.day(expiresAt)}`;
  }

  private day(time: string): string {
    return dayHeading(new Date(time), this.now()).replace(/^(To|Yester)day$/, (word) => word.toLowerCase());
  }
}
