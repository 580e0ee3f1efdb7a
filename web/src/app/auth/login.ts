import { afterNextRender, Component, inject, input, signal, viewChild } from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import { explain, Failure } from '../api/problem';
import { AuthFrame } from './auth-frame';
import { AuthService } from './auth-service';
import { Field } from './field';

const NOTICES = {
  'logged-out': 'You are logged out. Nothing of your messages is left in this browser.',
  ended: 'Your session has ended: it was logged out elsewhere, or it was unused for too long. Log in to go on.',
};

@Component({
  selector: 'aldis-login',
  imports: [AuthFrame, Field, RouterLink],
  template: `
    <aldis-auth-frame heading="Log in" lead="Good to see you again.">
      @if (notice; as notice) {
        <p class="notice" role="status">{{ notice }}</p>
      }
      <form novalidate (submit)="$event.preventDefault(); submit(name.value(), password.value())">
        <aldis-field #name label="Username" name="username" autocomplete="username" [start]="username()" />
        <aldis-field #password label="Password" name="password" type="password" autocomplete="current-password" />
        @if (failure()) {
          <p class="form-error" role="alert">{{ failure() }}</p>
        }
        <button type="submit" class="button" [attr.aria-disabled]="busy()">{{ busy() ? 'Logging in…' : 'Log in' }}</button>
      </form>
      <p class="auth-other">New here? <a routerLink="/register">Create an account</a></p>
    </aldis-auth-frame>
  `,
})
export class Login {
  private readonly auth = inject(AuthService);
  private readonly router = inject(Router);
  private readonly ending = this.auth.takeNotice();

  /** From the address: whom to greet, and where to go afterwards. */
  readonly username = input('', { transform: (value: string | undefined) => value ?? '' });
  readonly next = input<string>();

  protected readonly notice = this.ending && NOTICES[this.ending];
  protected readonly busy = signal(false);
  protected readonly failure = signal('');
  private readonly name = viewChild.required<Field>('name');
  private readonly password = viewChild.required<Field>('password');

  constructor() {
    afterNextRender(() => (this.username() ? this.password() : this.name()).focus());
  }

  protected async submit(username: string, password: string): Promise<void> {
    if (this.busy()) return;
    const empty = [this.name(), this.password()].find((field) => !field.require('Fill this in.'));
    if (empty) return empty.focus();
    this.busy.set(true);
    this.failure.set('');
    try {
      await this.auth.login(username.trim(), password);
      const next = this.next();
      // Only a path of this site: never somebody else's address.
      await this.router.navigateByUrl(next && /^\/[^/\\]/.test(next) ? next : '/');
    } catch (error) {
      if (error instanceof Failure && error.code === 'not_verified') {
        await this.auth.resend(username.trim()).catch(() => undefined);
        await this.router.navigate(['/verify'], { queryParams: { username: username.trim() } });
        return;
      }
      this.failure.set(error instanceof Failure && error.code === 'credentials_invalid' ? 'That username and password do not match.' : explain(error));
      this.password().focus();
    } finally {
      this.busy.set(false);
    }
  }
}
