import { Component, inject, input, output, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { AuthService } from '../../core/session/auth-service';
import type { User } from '../../protocol/protocol';
import { AccountMenu } from '../../rare';
import { Avatar } from '../../ui/avatar';

/** Who is logged in; behind it, what one can do about that. */
@Component({
  selector: 'aldis-account',
  imports: [AccountMenu, Avatar],
  template: `
    @if (user(); as user) {
      <button
        type="button"
        class="icon-button account"
        popovertarget="account"
        [attr.aria-label]="label(user)"
        (click)="wanted.set(true)"
      >
        <aldis-avatar [name]="user.displayName" [username]="user.username" />
      </button>
      @if (wanted() || ready()) {
        @defer (on immediate) {
          <aldis-account-menu [user]="user" [open]="wanted()" (settings)="settings.emit()" />
        }
      }
    }
  `,
})
export class Account {
  /** The page has what it needs: what is behind the button may come. */
  readonly ready = input(false);
  readonly settings = output();
  protected readonly user = toSignal(inject(AuthService).user$, { requireSync: true });
  protected readonly wanted = signal(false);

  protected label({ displayName }: User): string {
    return $localize`Account of ${displayName}:name:`;
  }
}
