import { Component, inject, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { fullTime } from '../../core/format/time';
import { explain } from '../../core/http/problem';
import type { AuditEntry, Page } from '../../protocol/protocol';
import { Resource, ResourceState } from '../settings/resource';

/** What was done to the server and its people, the latest first. */
@Component({
  selector: 'aldis-admin-audit',
  imports: [ResourceState],
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
      @if (page.next) {
        <button type="button" class="button quiet" [attr.aria-disabled]="reading()" (click)="more()">
          {{ words.more }}
        </button>
      }
      @if (failure()) {
        <p class="form-error" role="alert">{{ failure() }}</p>
      }
    }
  `,
})
export class Audit {
  protected readonly words = {
    what: $localize`What admins did, kept for a year. It never has a text of a message.`,
    nothing: $localize`Nothing yet.`,
    more: $localize`Show more`,
  };
  private readonly api = inject(Api);
  protected readonly entries = new Resource(() => this.page());
  protected readonly reading = signal(false);
  protected readonly failure = signal('');

  protected async more(): Promise<void> {
    const page = this.entries.value();
    if (!page || this.reading()) return;
    this.reading.set(true);
    this.failure.set('');
    try {
      const { items, next } = await this.page(page.next);
      this.entries.value.set({ items: [...page.items, ...items], ...(next && { next }) });
    } catch (error) {
      this.failure.set(explain(error));
    } finally {
      this.reading.set(false);
    }
  }

  protected sentence({ action, by, username }: AuditEntry): string {
    const admin = by ? `@${by}` : $localize`The command line`;
    const person = `@${username ?? ''}`;
    const said: Partial<Record<string, string>> = {
      user_added: $localize`${admin}:admin: made an account for ${person}:person:`,
      user_disabled: $localize`${admin}:admin: shut out ${person}:person:`,
      user_enabled: $localize`${admin}:admin: let ${person}:person: in again`,
      admin_added: $localize`${admin}:admin: made ${person}:person: an admin`,
      admin_removed: $localize`${admin}:admin: removed ${person}:person: as an admin`,
      user_renamed: $localize`${admin}:admin: renamed ${person}:person:`,
      user_logged_out: $localize`${admin}:admin: logged ${person}:person: out everywhere`,
    };
    // A newer server does things that this page has no words for.
    return said[action] ?? `${admin}: ${action} ${username ? person : ''}`;
  }

  protected time({ at }: AuditEntry): string {
    return fullTime(new Date(at));
  }

  private page(next?: string): Promise<Page<AuditEntry>> {
    return this.api.call('GET', `/admin/audit${next ? `?next=${encodeURIComponent(next)}` : ''}`);
  }
}
