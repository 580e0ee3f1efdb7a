import { Component, inject } from '@angular/core';

import { Api } from '../../core/api/api';
import { fullTime } from '../../core/format/time';
import type { AuditAction, AuditEntry } from '../../protocol/protocol';
import { ResourceState } from '../settings/resource';
import { More, Paged } from './paged';

/** What was done to the server and its people, the latest first. */
@Component({
  selector: 'aldis-admin-audit',
  imports: [More, ResourceState],
  template: `
    <p class="settings-note">{{ words.what }}</p>
    <aldis-resource [what]="entries" />
    @if (entries.value(); as page) {
      <ul>
        @for (entry of page.items; track entry.number) {
          <li class="settings-line">
            <span class="settings-text">
              {{ sentence(entry) }}
              <span class="settings-note">{{ time(entry) }}</span>
            </span>
          </li>
        } @empty {
          <li class="settings-note">{{ words.nothing }}</li>
        }
      </ul>
      <aldis-more [of]="entries" />
    }
  `,
})
export class Audit {
  protected readonly words = {
    what: $localize`What admins did, kept for a year. It never has a text of a message.`,
    nothing: $localize`Nothing yet.`,
  };
  private readonly api = inject(Api);
  protected readonly entries = new Paged<AuditEntry>((next) =>
    this.api.call('GET', `/admin/audit${next ? `?next=${encodeURIComponent(next)}` : ''}`),
  );

  protected sentence({ action, by, username, details }: AuditEntry): string {
    const admin = by ? `@${by}` : $localize`The command line`;
    const person = `@${username ?? ''}`;
    // The beginning of its code.
    const invite = `${details ?? ''}…`;
    const said: Record<AuditAction, string> = {
      user_added: $localize`${admin}:admin: made an account for ${person}:person:`,
      user_disabled: $localize`${admin}:admin: shut out ${person}:person:`,
      user_enabled: $localize`${admin}:admin: let ${person}:person: in again`,
      admin_added: $localize`${admin}:admin: made ${person}:person: an admin`,
      admin_removed: $localize`${admin}:admin: removed ${person}:person: as an admin`,
      user_renamed: $localize`${admin}:admin: renamed ${person}:person:`,
      user_logged_out: $localize`${admin}:admin: logged ${person}:person: out everywhere`,
      user_reset: $localize`${admin}:admin: let ${person}:person: set a new password`,
      user_deleted: $localize`${admin}:admin: deleted the account of ${person}:person:`,
      invite_added: $localize`${admin}:admin: made the invite ${invite}:invite:`,
      invite_removed: $localize`${admin}:admin: took the invite ${invite}:invite: back`,
      report_resolved: $localize`${admin}:admin: was done with a report about ${person}:person:`,
      report_reopened: $localize`${admin}:admin: reopened a report about ${person}:person:`,
      message_removed: $localize`${admin}:admin: removed a message by ${person}:person:`,
    };
    // A newer server does things that this page has no words for.
    return (
      (said as Partial<Record<string, string>>)[action] ?? `${admin}: ${action} ${username ? person : ''}`
    );
  }

  protected time({ at }: AuditEntry): string {
    return fullTime(new Date(at));
  }
}
