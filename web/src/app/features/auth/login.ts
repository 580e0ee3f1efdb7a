import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import { explain, Failure } from '../../core/http/problem';
import { Entrance } from '../../core/session/entrance';
import { type Ending, NOTICE } from '../../core/session/session';
import { wipe } from '../../core/session/wipe';
import { tab } from '../../core/storage/storage';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';
import { AuthFrame } from './auth-frame';
import { pathAfter } from './next';

const GONE = 'Nothing of your messages is left in this browser.';
const ENDED = 'Your session has ended';
const NOTICES: Partial<Record<Ending, string>> = {
  'logged-out': `You are logged out. ${GONE}`,
  session_revoked: `${ENDED}: it was logged out from another device. ${GONE}`,
  away: `${ENDED} while you were away: it was unused for too long, or logged out from another device. ${GONE}`,
  refresh_invalid: `${ENDED}: it could not be renewed. ${GONE}`,
};
const UNKNOWN = `${ENDED}: this server does not know it any more. ${GONE}`;

@Component({
  selector: 'aldis-login',
  imports: [AuthFrame, Field, RouterLink],
  template: `
    <aldis-auth-frame heading="Log in" [lead]="lead()">
      @if (notice; as notice) {
        <p class="notice" role="status">{{ notice }}</p>
      }
      <form novalidate (submit)="$event.preventDefault(); submit(name.value(), password.value())">
        <aldis-field #name label="Username" name="username" autocomplete="username" [start]="username()" />
        <aldis-field
          #password
          label="Password"
          name="password"
          type="password"
          autocomplete="current-password"
        />
        @if (failure()) {
          <p class="form-error" role="alert">{{ failure() }}</p>
        }
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? 'Logging in…' : 'Log in' }}
        </button>
      </form>
      <p class="auth-other">
        New here? <a routerLink="/register" queryParamsHandling="preserve">Create an account</a>
      </p>
    </aldis-auth-frame>
  `,
})
export class Login {
  private readonly entrance = inject(Entrance);
  private readonly router = inject(Router);
  private readonly ending = takeNotice();

  /** From the address: whom to greet, and where to go afterwards. */
  readonly username = input('', { transform: (value: string | undefined) => value ?? '' });
  readonly next = input<string>();

  protected readonly lead = computed(() =>
    this.username() || this.ending ? 'Good to see you again.' : 'Your messages are on this server.',
  );
  protected readonly notice = this.ending && (NOTICES[this.ending] ?? UNKNOWN);
  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly name = viewChild.required<Field>('name');
  private readonly password = viewChild.required<Field>('password');

  constructor() {
    // What a session that ended may have left: its page was closed, or another tab still wrote.
    void wipe();
    afterNextRender(() => (this.username() ? this.password() : this.name()).focus());
  }

  protected submit(username: string, password: string): void {
    const empty = [this.name(), this.password()].find((field) => !field.require('Fill this in.'));
    if (empty) return empty.focus();
    this.presses.press([username.trim(), password], () => this.login(username.trim(), password));
  }

  private async login(username: string, password: string): Promise<boolean> {
    this.failure.set('');
    try {
      await this.entrance.login(username, password);
      await this.router.navigateByUrl(pathAfter(this.next()));
      return true;
    } catch (error) {
      if (error instanceof Failure && error.code === 'not_verified') {
        await this.entrance.resend(username).catch(() => undefined);
        await this.router.navigate(['/verify'], { queryParams: { username, next: this.next() } });
        return true;
      }
      this.failure.set(
        error instanceof Failure && error.code === 'credentials_invalid'
          ? 'That username and password do not match.'
          : explain(error),
      );
      this.password().focus();
      return false;
    }
  }
}

/** Why the last session ended; told once. */
function takeNotice(): Ending | null {
  const why = tab.getItem(NOTICE);
  tab.removeItem(NOTICE);
  return why as Ending | null;
}
