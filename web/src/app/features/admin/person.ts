import { Component, computed, inject, input, output, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { clockTime } from '../../core/format/time';
import { sameUser } from '../../core/handle';
import { plural } from '../../core/language/plural';
import { AuthService } from '../../core/session/auth-service';
import type { AdminUser, ChangeUser, IssuedCode, Timestamp } from '../../protocol/protocol';
import { Confirm } from '../../ui/confirm';
import { Dialog } from '../../ui/dialog';
import { Icon, type IconName } from '../../ui/icon';

interface Act {
  readonly icon: IconName;
  readonly label: string;
  /** What it means for the person. */
  readonly meaning: string;
  readonly work: () => Promise<unknown>;
}

/** What an admin does for or against one person, each thing with a confirmation. */
@Component({
  selector: 'aldis-admin-person',
  imports: [Confirm, Dialog, Icon],
  template: `
    <aldis-dialog [heading]="person().displayName" (closed)="closed.emit()">
      <p class="settings-note">
        <bdi>{{ '@' + person().username }}</bdi>
        @if (person().email; as email) {
          · <bdi>{{ email }}</bdi>
        }
        · {{ devices() }}
      </p>
      <p class="settings-note" role="status">{{ said() }}</p>
      @if (code(); as code) {
        <p class="notice" role="status">
          {{ words.handOver(person().username, until(code.expiresAt)) }}
          <span class="admin-code">{{ code.otp }}</span>
        </p>
      }
      @for (act of acts(); track act.label) {
        <button type="button" class="details-action" (click)="asked.set(act)">
          <aldis-icon [name]="act.icon" />{{ act.label }}
        </button>
      } @empty {
        <p>{{ person().deleted ? words.gone : words.yourself }}</p>
      }
      @if (asked(); as act) {
        <aldis-confirm [heading]="act.label" [yes]="act.label" [work]="act.work" (closed)="asked.set(null)">
          {{ act.meaning }}
        </aldis-confirm>
      }
    </aldis-dialog>
  `,
})
export class Person {
  protected readonly words = {
    yourself: $localize`This is you. Another admin can change your account.`,
    gone: $localize`This account was deleted. Its username stays taken.`,
    handOver: (name: string, time: string) =>
      $localize`Hand this code to @${name}:username:. They enter it by “Forgot password?” at the log-in, until ${time}:time:.`,
  };
  private readonly api = inject(Api);
  private readonly auth = inject(AuthService);
  readonly person = input.required<AdminUser>();
  readonly changed = output<AdminUser>();
  readonly closed = output();

  protected readonly said = signal('');
  /** A code to hand over. */
  protected readonly code = signal<IssuedCode | null>(null);
  protected readonly asked = signal<Act | null>(null);
  protected readonly devices = computed(() => {
    const count = this.person().sessions;
    return count === 0
      ? $localize`not logged in`
      : plural(
          count,
          $localize`{count, plural, one {logged in on one device} other {logged in on # devices}}`,
        );
  });
  protected readonly acts = computed(() => this.actsFor(this.person()));

  private actsFor({ username, role, disabled, deleted }: AdminUser): Act[] {
    if (deleted || sameUser(username, this.auth.user?.username)) return [];
    return [
      disabled
        ? {
            icon: 'check',
            label: $localize`Let in again`,
            meaning: $localize`@${username}:username: may log in again. API tokens do not come back.`,
            work: () => this.change({ disabled: false }, $localize`They may log in again.`),
          }
        : {
            icon: 'block',
            label: $localize`Shut out`,
            meaning: $localize`@${username}:username: is logged out everywhere at once and cannot log in, until you let them in again. Their messages stay.`,
            work: () => this.change({ disabled: true }, $localize`They are shut out.`),
          },
      {
        icon: 'leave',
        label: $localize`Log out everywhere`,
        meaning: $localize`All devices and API tokens of @${username}:username: are cut off. They may log in again with their password.`,
        work: () => this.logOut(),
      },
      {
        icon: 'lock',
        label: $localize`Reset the password`,
        meaning: $localize`@${username}:username: sets a new password with a code. Until then the old one holds.`,
        work: () => this.reset(),
      },
      role === 'admin'
        ? {
            icon: 'person',
            label: $localize`Remove as admin`,
            meaning: $localize`@${username}:username: no longer sees this page.`,
            work: () => this.change({ role: 'member' }, $localize`They are no longer an admin.`),
          }
        : {
            icon: 'settings',
            label: $localize`Make admin`,
            meaning: $localize`@${username}:username: sees and does all that you do here, to you, too.`,
            work: () => this.change({ role: 'admin' }, $localize`They are an admin now.`),
          },
      {
        icon: 'delete',
        label: $localize`Delete the account`,
        meaning: $localize`The profile, sessions and files of @${username}:username: are erased for good. Their messages stay with the others, and the username stays taken.`,
        work: () => this.delete(),
      },
    ];
  }

  protected until(time: Timestamp): string {
    return clockTime(new Date(time));
  }

  private async change(change: ChangeUser, done: string): Promise<void> {
    const person = await this.call<AdminUser>('PATCH', '', change);
    this.said.set(done);
    // Sessions end with it.
    this.changed.emit(person);
  }

  private async logOut(): Promise<void> {
    await this.call('POST', '/logout');
    this.said.set($localize`They are logged out everywhere.`);
    this.changed.emit({ ...this.person(), sessions: 0 });
  }

  private async reset(): Promise<void> {
    const code = await this.call<IssuedCode | undefined>('POST', '/reset');
    this.code.set(code ?? null);
    this.said.set(code ? '' : $localize`A code is on its way to them.`);
  }

  private async delete(): Promise<void> {
    await this.call('DELETE', '');
    this.said.set($localize`The account is deleted.`);
    this.changed.emit({ ...this.person(), deleted: true, sessions: 0 });
  }

  private call<T = void>(method: string, path: string, body?: object): Promise<T> {
    return this.api.call(method, `/admin/users/${encodeURIComponent(this.person().username)}${path}`, body);
  }
}
