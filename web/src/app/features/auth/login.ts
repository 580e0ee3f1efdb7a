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

@Component({
  selector: 'aldis-login',
  imports: [AuthFrame, Field, RouterLink],
  template: `
    <aldis-auth-frame heading="Log in" i18n-heading [lead]="lead()">
      @if (notice; as notice) {
        <p class="notice" role="status">{{ notice }}</p>
      }
      <form novalidate (submit)="$event.preventDefault(); submit(name.value(), password.value())">
        <aldis-field
          #name
          label="Username"
          i18n-label
          name="username"
          autocomplete="username"
          [start]="username()"
          (typed)="typed.set($event)"
        />
        <aldis-field
          #password
          label="Password"
          i18n-label
          name="password"
          type="password"
          autocomplete="current-password"
        />
        @if (failure()) {
          <p class="form-error" role="alert">{{ failure() }}</p>
        }
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? words.loggingIn : words.logIn }}
        </button>
      </form>
      <p class="auth-other">
        <a
          routerLink="/forgot"
          [queryParams]="{ username: (typed() ?? username()) || null }"
          queryParamsHandling="merge"
          >{{ words.forgot }}</a
        >
      </p>
      <p class="auth-other">
        {{ words.new }} <a routerLink="/register" queryParamsHandling="preserve">{{ words.register }}</a>
      </p>
    </aldis-auth-frame>
  `,
})
export class Login {
  protected readonly words = {
    logIn: $localize`Log in`,
    loggingIn: $localize`Logging in…`,
    forgot: $localize`Forgot password?`,
    new: $localize`New here?`,
    register: $localize`Create an account`,
  };
  private readonly entrance = inject(Entrance);
  private readonly router = inject(Router);
  private readonly ending = takeNotice();

  /** From the address: whom to greet, and where to go afterwards. */
  readonly username = input('', { transform: (value: string | undefined) => value ?? '' });
  readonly next = input<string>();

  protected readonly lead = computed(() =>
    this.username() || this.ending
      ? $localize`Good to see you again.`
      : $localize`Your messages are on this server.`,
  );
  protected readonly notice = this.ending && notice(this.ending);
  /** The name in the form, for the way to a new password. */
  protected readonly typed = signal<string | null>(null);
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
    const empty = [this.name(), this.password()].find((field) => !field.require($localize`Fill this in.`));
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
          ? $localize`That username and password do not match.`
          : explain(error),
      );
      this.password().focus();
      return false;
    }
  }
}

function notice(ending: Ending): string {
  const told: Partial<Record<Ending, string>> = {
    'logged-out': $localize`You are logged out.`,
    deleted: $localize`Your account is deleted.`,
    session_revoked: $localize`Your session has ended: it was logged out from another device.`,
    away: $localize`Your session has ended while you were away: it was unused for too long, or logged out from another device.`,
    refresh_invalid: $localize`Your session has ended: it could not be renewed.`,
  };
  const why = told[ending] ?? $localize`Your session has ended: this server does not know it any more.`;
  return `${why} ${$localize`Nothing of your messages is left in this browser.`}`;
}

/** Why the last session ended; told once. */
function takeNotice(): Ending | null {
  const why = tab.getItem(NOTICE);
  tab.removeItem(NOTICE);
  return why as Ending | null;
}
