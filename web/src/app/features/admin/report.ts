import { Component, inject, input, output, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { fullTime } from '../../core/format/time';
import { explain, Failure } from '../../core/http/problem';
import { plural } from '../../core/language/plural';
import type { AdminUser, ChangeReport, Report, ReportedMessage, Timestamp } from '../../protocol/protocol';
import { Confirm } from '../../ui/confirm';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Person } from './person';

/** One report: what was shown of the conversation, and what admins do about it. */
@Component({
  selector: 'aldis-admin-report',
  imports: [Confirm, Dialog, Icon, Person],
  template: `
    <aldis-dialog heading="What was reported" i18n-heading (closed)="closed.emit()">
      <p class="settings-note">{{ words.about(report().by, report().username, time(report().createdAt)) }}</p>
      @if (report().reason; as reason) {
        <p class="admin-reason" dir="auto">{{ reason }}</p>
      }
      @if (report().context; as messages) {
        <ol class="reported" aria-label="What was shown" i18n-aria-label tabindex="0">
          @for (message of messages; track message.id) {
            <li class="reported-message" [attr.aria-current]="isIt(message) ? 'true' : null">
              <span class="settings-note">
                <bdi>{{ '@' + message.sender }}</bdi> · {{ time(message.timestamp) }}
                @if (isIt(message)) {
                  <span class="admin-mark">{{ words.reported }}</span>
                }
              </span>
              <span class="reported-text" dir="auto">{{ message.text }}</span>
              @if (message.attachments) {
                <span class="settings-note">{{ files(message.attachments) }}</span>
              }
            </li>
          }
        </ol>
      } @else if (report().messageId) {
        <p class="notice">{{ words.unshown }}</p>
      }
      @if (report().removedAt; as removed) {
        <p class="settings-note">{{ words.removed(time(removed)) }}</p>
      }
      @if (report().resolvedAt; as resolved) {
        <p class="settings-note">{{ words.resolved(report().resolvedBy ?? '', time(resolved)) }}</p>
      }
      @if (failure()) {
        <p class="form-error" role="alert">{{ failure() }}</p>
      }
      <button type="button" class="details-action" [attr.aria-disabled]="busy()" (click)="resolve()">
        <aldis-icon name="check" />{{ report().resolvedAt ? words.reopen : words.resolve }}
      </button>
      <button type="button" class="details-action" [attr.aria-disabled]="busy()" (click)="manage()">
        <aldis-icon name="person" />{{ words.manage(report().username) }}
      </button>
      @if (report().messageId && !report().removedAt) {
        <button type="button" class="details-action danger" (click)="removing.set(true)">
          <aldis-icon name="delete" />{{ words.remove }}
        </button>
      }
      @if (removing()) {
        <aldis-confirm
          heading="Remove the message?"
          i18n-heading
          yes="Remove it"
          i18n-yes
          [work]="remove"
          (closed)="removing.set(false)"
        >
          {{ words.gone }}
        </aldis-confirm>
      }
      @if (managed(); as person) {
        <aldis-admin-person [person]="person" (changed)="managed.set($event)" (closed)="managed.set(null)" />
      }
    </aldis-dialog>
  `,
})
export class ReportView {
  protected readonly words = {
    about: (by: string, of: string, time: string) =>
      $localize`@${by}:reporter: reported @${of}:username: on ${time}:time:.`,
    reported: $localize`Reported`,
    unshown: $localize`The message was not shown to the admins.`,
    removed: (time: string) => $localize`The message was removed on ${time}:time:.`,
    resolved: (by: string, time: string) => $localize`Dealt with by @${by}:username: on ${time}:time:.`,
    resolve: $localize`Mark as dealt with`,
    reopen: $localize`Not dealt with after all`,
    manage: (name: string) => $localize`Manage @${name}:username:`,
    remove: $localize`Remove the message`,
    gone: $localize`It is deleted for everyone, and that cannot be taken back.`,
  };
  private readonly api = inject(Api);
  readonly report = input.required<Report>();
  readonly changed = output<Report>();
  readonly closed = output();

  protected readonly busy = signal(false);
  protected readonly failure = signal('');
  protected readonly removing = signal(false);
  /** The person who is reported, once what admins do about them was asked for. */
  protected readonly managed = signal<AdminUser | null>(null);

  protected isIt({ id }: ReportedMessage): boolean {
    return id === this.report().messageId;
  }

  protected time(time: Timestamp): string {
    return fullTime(new Date(time));
  }

  protected files(count: number): string {
    return plural(count, $localize`{count, plural, one {# file} other {# files}}`);
  }

  protected resolve(): Promise<void> {
    const change: ChangeReport = { resolved: !this.report().resolvedAt };
    return this.attempt(async () =>
      this.changed.emit(await this.api.call<Report>('PATCH', this.path(), change)),
    );
  }

  protected manage(): Promise<void> {
    const path = `/admin/users/${encodeURIComponent(this.report().username)}`;
    return this.attempt(async () => this.managed.set(await this.api.call<AdminUser>('GET', path)));
  }

  protected readonly remove = async () => {
    try {
      await this.api.call('DELETE', `${this.path()}/message`);
    } catch (error) {
      // Its sender or another admin was faster.
      if (!(error instanceof Failure && error.code === 'message_deleted')) throw error;
    }
    this.changed.emit({ ...this.report(), removedAt: new Date().toISOString() });
  };

  private path(): string {
    return `/admin/reports/${encodeURIComponent(this.report().id)}`;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    this.failure.set('');
    try {
      await work();
    } catch (error) {
      this.failure.set(explain(error));
    } finally {
      this.busy.set(false);
    }
  }
}
