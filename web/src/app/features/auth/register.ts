import { afterNextRender, Component, DestroyRef, inject, signal, viewChild } from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import { explain, Failure } from '../../core/http/problem';
import { Entrance } from '../../core/session/entrance';
import { Verification } from '../../core/session/verification';
import type { Register as Registration } from '../../protocol/protocol';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';
import { AuthFrame } from './auth-frame';

const USERNAME = /^[a-z0-9._-]{2,32}$/i;
const SHORTEST_PASSWORD = 8;

@Component({
  selector: 'aldis-register',
  imports: [AuthFrame, Field, RouterLink],
  template: `
    <aldis-auth-frame
      heading="Create an account"
      i18n-heading
      lead="It takes a minute. Your username is how others find you."
      i18n-lead
    >
      <form novalidate (submit)="$event.preventDefault(); submit()">
        <aldis-field
          #username
          label="Username"
          i18n-label
          name="username"
          autocomplete="username"
          hint="Letters, digits, dots, dashes; it cannot be changed later."
          i18n-hint
        />
        <aldis-field
          #displayName
          label="Name (optional)"
          i18n-label
          name="displayName"
          autocomplete="name"
          hint="What others see; change it whenever you like."
          i18n-hint
        />
        <aldis-field
          #email
          label="E-mail (optional)"
          i18n-label
          name="email"
          type="email"
          autocomplete="email"
          hint="Where your code is sent, if this server sends mail."
          i18n-hint
        />
        <aldis-field
          #password
          label="Password"
          i18n-label
          name="password"
          type="password"
          autocomplete="new-password"
          hint="At least 8 characters."
          i18n-hint
        />
        @if (failure()) {
          <p class="form-error" role="alert">{{ failure() }}</p>
        }
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? words.creating : words.create }}
        </button>
      </form>
      <p class="auth-other">
        {{ words.old }} <a routerLink="/login" queryParamsHandling="preserve">{{ words.logIn }}</a>
      </p>
    </aldis-auth-frame>
  `,
})
export class Register {
  protected readonly words = {
    create: $localize`Create account`,
    creating: $localize`Creating…`,
    old: $localize`Already have one?`,
    logIn: $localize`Log in`,
  };
  private readonly entrance = inject(Entrance);
  private readonly verification = inject(Verification);
  private readonly router = inject(Router);

  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly username = viewChild.required<Field>('username');
  private readonly displayName = viewChild.required<Field>('displayName');
  private readonly email = viewChild.required<Field>('email');
  private readonly password = viewChild.required<Field>('password');

  constructor() {
    afterNextRender(() => this.username().focus());
  }

  protected submit(): void {
    if (!this.valid()) return;
    const username = this.username().value().trim();
    const password = this.password().value();
    const displayName = this.displayName().value().trim();
    const email = this.email().value().trim();
    const form: Registration = {
      username,
      password,
      ...(displayName && { displayName }),
      ...(email && { email }),
    };
    this.presses.press(form, () => this.register(form));
  }

  private async register(form: Registration): Promise<boolean> {
    this.failure.set('');
    for (const field of this.fields()) field.error.set('');
    try {
      const { user, otp } = await this.entrance.register(form);
      this.verification.begin({
        username: user.username,
        channel: otp.channel,
        email: form.email ?? '',
        password: form.password,
      });
      await this.router.navigate(['/verify'], {
        queryParams: { username: user.username },
        queryParamsHandling: 'merge',
      });
      return true;
    } catch (error) {
      this.show(error);
      return error instanceof Failure && error.code === 'unreachable';
    }
  }

  private fields(): Field[] {
    return [this.username(), this.displayName(), this.email(), this.password()];
  }

  private valid(): boolean {
    const wrong = [
      this.check(
        this.username(),
        USERNAME.test(this.username().value().trim()),
        $localize`Use 2 to 32 letters, digits, dots, dashes or underscores.`,
      ),
      this.check(
        this.password(),
        this.password().value().length >= SHORTEST_PASSWORD,
        $localize`Use at least 8 characters.`,
      ),
    ].find((field) => field !== null);
    wrong?.focus();
    return !wrong;
  }

  private check(field: Field, right: boolean, complaint: string): Field | null {
    if (right) return null;
    field.error.set(complaint);
    return field;
  }

  /** At the field it is about, where the server names one. */
  private show(error: unknown): void {
    const named =
      error instanceof Failure && error.code === 'username_taken'
        ? 'username'
        : error instanceof Failure
          ? error.problem?.field
          : undefined;
    const field = this.fields().find((candidate) => candidate.name() === named);
    if (!field) return this.failure.set(explain(error));
    field.error.set(
      error instanceof Failure && error.code === 'username_taken'
        ? $localize`This username is taken. Try another.`
        : explain(error),
    );
    field.focus();
  }
}
