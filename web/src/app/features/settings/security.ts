import { Component, inject, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { AuthService } from '../../core/session/auth-service';
import { Icon } from '../../ui/icon';
import { ChangeEmail } from './change-email';
import { ChangePassword } from './change-password';
import { Devices } from './devices';

/** How one logs in, and where one is. */
@Component({
  selector: 'aldis-security',
  imports: [ChangeEmail, ChangePassword, Devices, Icon],
  template: `
    @if (user(); as user) {
      <div class="settings-line">
        <aldis-icon name="lock" />
        <span class="settings-text">
          {{ words.password }}
          <span class="settings-note">{{ words.secret }}</span>
        </span>
        <button
          type="button"
          class="button quiet"
          aria-label="Change the password"
          i18n-aria-label
          (click)="changing.set('password')"
        >
          {{ words.change }}
        </button>
      </div>
      <div class="settings-line">
        <aldis-icon name="unread" />
        <span class="settings-text">
          {{ words.email }}
          <span class="settings-note"
            ><bdi>{{ user.email ?? words.none }}</bdi></span
          >
        </span>
        <button
          type="button"
          class="button quiet"
          [attr.aria-label]="user.email ? words.changeEmail : words.addEmail"
          (click)="changing.set('email')"
        >
          {{ user.email ? words.change : words.add }}
        </button>
      </div>
      <p class="settings-note" role="status">{{ said() }}</p>
      <h4>{{ words.devices }}</h4>
      <aldis-devices />
      @switch (changing()) {
        @case ('password') {
          <aldis-change-password
            [username]="user.username"
            (changed)="passwordChanged()"
            (closed)="changing.set(null)"
          />
        }
        @case ('email') {
          <aldis-change-email [email]="user.email" (changed)="emailChanged()" (closed)="changing.set(null)" />
        }
      }
    }
  `,
})
export class Security {
  protected readonly words = {
    password: $localize`Password`,
    secret: $localize`Changing it logs out your other devices.`,
    email: $localize`E-mail address`,
    none: $localize`None yet. Only you and who runs this server see it.`,
    change: $localize`Change`,
    changeEmail: $localize`Change the e-mail address`,
    add: $localize`Add`,
    addEmail: $localize`Add an e-mail address`,
    devices: $localize`Devices`,
  };
  protected readonly user = toSignal(inject(AuthService).user$, { requireSync: true });
  protected readonly changing = signal<'password' | 'email' | null>(null);
  protected readonly said = signal('');
  private readonly devices = viewChild.required(Devices);

  protected passwordChanged(): void {
    this.said.set($localize`Your password is changed. Your other devices are logged out.`);
    void this.devices().reload();
  }

  protected emailChanged(): void {
    this.said.set($localize`Your e-mail address is changed.`);
  }
}
