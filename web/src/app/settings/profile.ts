import { Component, inject, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { explain } from '../api/problem';
import { AuthService } from '../auth/auth-service';
import { Field } from '../auth/field';
import { Avatar } from '../ui/avatar';
import { Me } from './me';

/** What others see of oneself. */
@Component({
  selector: 'aldis-profile',
  imports: [Avatar, Field],
  template: `
    @if (user(); as user) {
      <div class="menu-head">
        <aldis-avatar [name]="user.displayName" [username]="user.username" />
        <span class="menu-name" dir="auto">{{ user.displayName }}</span>
        <span class="menu-note">{{ '@' + user.username }}{{ user.email ? ' · ' + user.email : '' }}</span>
      </div>
      <form novalidate (submit)="$event.preventDefault(); save()">
        <aldis-field #name label="Name" name="display-name" autocomplete="name" hint="What others see. Your username stays as it is." [start]="user.displayName" />
        <button type="submit" class="button" [attr.aria-disabled]="busy()">{{ busy() ? 'Saving…' : 'Save' }}</button>
      </form>
      <p class="settings-note" role="status">{{ saved() ? 'Saved. Others see it when they next read it.' : '' }}</p>
    }
  `,
})
export class Profile {
  private readonly me = inject(Me);

  protected readonly user = toSignal(inject(AuthService).user$, { requireSync: true });
  protected readonly busy = signal(false);
  protected readonly saved = signal(false);
  private readonly name = viewChild.required<Field>('name');

  protected async save(): Promise<void> {
    const field = this.name();
    const displayName = field.value().trim();
    this.saved.set(false);
    if (this.busy()) return;
    if (displayName === '') {
      field.error.set('What may others call you?');
      return field.focus();
    }
    this.busy.set(true);
    try {
      await this.me.change({ displayName });
      this.saved.set(true);
    } catch (error) {
      field.error.set(explain(error));
      field.focus();
    } finally {
      this.busy.set(false);
    }
  }
}
