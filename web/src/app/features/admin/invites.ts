import { Component, inject, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { BASE } from '../../core/base';
import { Clock } from '../../core/clock';
import { Failure } from '../../core/http/problem';
import { serverNow } from '../../core/http/server-time';
import { plural } from '../../core/language/plural';
import { serverSettings } from '../../core/session/server-settings';
import type { Invite, NewInvite as Wish, Registration } from '../../protocol/protocol';
import { Confirm } from '../../ui/confirm';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { dayWithin } from '../settings/day';
import { ResourceState } from '../settings/resource';
import { TokenSecret } from '../settings/token-secret';
import { NewInvite } from './new-invite';
import { More, Paged } from './paged';

/** Who may register, and the links with which people do where not everybody may. */
@Component({
  selector: 'aldis-admin-invites',
  imports: [Confirm, Dialog, Icon, More, NewInvite, ResourceState, TokenSecret],
  template: `
    @if (registration(); as registration) {
      <p class="notice">{{ means(registration) }}</p>
    }
    <button #add type="button" class="details-action" (click)="adding.set(true)">
      <aldis-icon name="plus" />{{ words.add }}
    </button>
    <aldis-resource [what]="invites" />
    @if (invites.value(); as page) {
      <ul>
        @for (invite of page.items; track invite.code) {
          <li class="settings-line">
            <span class="settings-text">
              {{ whom(invite) }}
              @if (mark(invite); as mark) {
                <span class="admin-mark">{{ mark }}</span>
              }
              <span class="settings-note">{{ about(invite) }}</span>
            </span>
            @if (!mark(invite)) {
              <button
                type="button"
                class="icon-button"
                [attr.aria-label]="words.linkOf(begin(invite))"
                [title]="words.link"
                (click)="shown.set(invite)"
              >
                <aldis-icon name="copy" />
              </button>
            }
            <button
              type="button"
              class="icon-button"
              [attr.aria-label]="words.takeBackOf(begin(invite))"
              [title]="words.takeBack"
              (click)="ending.set(invite)"
            >
              <aldis-icon name="delete" />
            </button>
          </li>
        } @empty {
          <li class="settings-note">{{ words.none }}</li>
        }
      </ul>
      <aldis-more [of]="invites" />
    }
    @if (adding()) {
      <aldis-new-invite [make]="make" (closed)="adding.set(false)" />
    }
    @if (shown(); as invite) {
      <aldis-dialog [heading]="words.link" (closed)="shown.set(null)">
        <aldis-token-secret [secret]="link(invite)" [note]="words.whoever" />
      </aldis-dialog>
    }
    <!-- What was pressed to take one back is gone with it: the focus goes to what makes one. -->
    @if (ending(); as invite) {
      <aldis-confirm
        heading="Take this invite back?"
        i18n-heading
        [yes]="words.takeBack"
        [work]="takeBack"
        (done)="add.focus()"
        (closed)="ending.set(null)"
      >
        {{ words.nobodyElse }}
      </aldis-confirm>
    }
  `,
})
export class Invites {
  protected readonly words = {
    add: $localize`New invite`,
    link: $localize`Link of the invite`,
    linkOf: (invite: string) => $localize`Link of the invite ${invite}:invite:`,
    takeBack: $localize`Take back`,
    takeBackOf: (invite: string) => $localize`Take the invite ${invite}:invite: back`,
    nobodyElse: $localize`Nobody else can register with it. Who has come with it stays.`,
    none: $localize`No invites yet.`,
    whoever: $localize`Send it to whom you want here: whoever has the link may register.`,
  };
  private readonly api = inject(Api);
  private readonly now = inject(Clock).day;

  protected readonly registration = signal<Registration | null>(null);
  protected readonly invites = new Paged<Invite>((next) =>
    this.api.call('GET', `/admin/invites${next ? `?next=${encodeURIComponent(next)}` : ''}`),
  );
  protected readonly adding = signal(false);
  protected readonly shown = signal<Invite | null>(null);
  protected readonly ending = signal<Invite | null>(null);

  constructor() {
    void serverSettings().then((settings) => this.registration.set(settings?.registration ?? null));
  }

  protected readonly make = async (wish: Wish) => {
    const invite = await this.api.call<Invite>('POST', '/admin/invites', wish);
    this.invites.change((others) => [invite, ...others]);
    return this.link(invite);
  };

  protected readonly takeBack = async () => {
    const { code } = this.ending()!;
    try {
      await this.api.call('DELETE', `/admin/invites/${encodeURIComponent(code)}`);
    } catch (error) {
      // Another admin may have taken it back meanwhile.
      if (!(error instanceof Failure && error.code === 'not_found')) throw error;
    }
    this.invites.change((others) => others.filter((invite) => invite.code !== code));
  };

  /** It is a setting of the server, and changed there. */
  protected means(registration: Registration): string {
    if (registration === 'open') return $localize`Everybody may register here, also without an invite.`;
    if (registration === 'closed')
      return $localize`Nobody may register here, not even with an invite: whoever runs the server makes the accounts.`;
    return $localize`Only people with an invite may register here.`;
  }

  /** Where the operator has not said how the server is called, it is called as here. */
  protected link({ url }: Invite): string {
    return url.startsWith('/') ? location.origin + BASE + url : url;
  }

  /** So much of the code as the log names, by which nobody can register. */
  protected begin({ code }: Invite): string {
    return `${code.slice(0, 6)}…`;
  }

  protected whom({ uses }: Invite): string {
    if (uses === undefined) return $localize`For as many as want to come`;
    return plural(uses, $localize`{count, plural, one {For one person} other {For # people}}`);
  }

  /** Why nobody can register with it any more. */
  protected mark({ uses, used, expiresAt }: Invite): string {
    if (uses !== undefined && used >= uses) return $localize`Used up`;
    return expiresAt && Date.parse(expiresAt) <= serverNow() ? $localize`Ended` : '';
  }

  /** “AbC123… · 2 have come · made Tuesday by @root · ends Sat 5 December”. */
  protected about(invite: Invite): string {
    const { used, createdBy, createdAt, expiresAt } = invite;
    const came = used
      ? plural(used, $localize`{count, plural, one {one has come} other {# have come}}`)
      : $localize`nobody has come yet`;
    const made = createdBy
      ? $localize`made ${this.day(createdAt)}:day: by @${createdBy}:username:`
      : $localize`made ${this.day(createdAt)}:day:`;
    const ends = expiresAt ? [$localize`until ${this.day(expiresAt)}:day:`] : [];
    return [this.begin(invite), came, made, ...ends].join(' · ');
  }

  private day(time: string): string {
    return dayWithin(time, this.now());
  }
}
