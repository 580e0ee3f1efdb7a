import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  inject,
  input,
  Injector,
  signal,
  viewChild,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import { explain, Failure } from '../../core/http/problem';
import { around } from '../../core/language/around';
import { codeComplaint } from '../../core/session/code-complaint';
import { Entrance } from '../../core/session/entrance';
import { passwordFault, passwordRefusal } from '../../core/session/new-password';
import { serverSettings } from '../../core/session/server-settings';
import type { AuthSettings, Forgot as Whom } from '../../protocol/protocol';
import { CodeField } from '../../ui/code-field';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';
import { AuthFrame } from './auth-frame';
import { pathAfter } from './next';

/** Sets a new password in place of a forgotten one: whose it is, then the code that was sent to them. */
@Component({
  selector: 'aldis-forgot',
  imports: [AuthFrame, CodeField, Field, RouterLink],
  templateUrl: './forgot.html',
})
export class Forgot {
  protected readonly words = {
    fixed: around((code) => $localize`This is a development server: the code is ${code}:code:.`),
    send: $localize`Send a code`,
    sending: $localize`Sending…`,
    save: $localize`Set password and log in`,
    saving: $localize`Saving…`,
    resend: $localize`Send a new code`,
    restart: $localize`Start again`,
    back: $localize`Back to the log-in`,
  };
  private readonly entrance = inject(Entrance);
  private readonly router = inject(Router);
  private readonly injector = inject(Injector);

  /** From the address: what was typed at the log-in, and where to go afterwards. */
  readonly username = input('', { transform: (value: string | undefined) => value ?? '' });
  readonly next = input<string>();

  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  protected readonly resent = signal('');
  private readonly server = signal<AuthSettings | null>(null);
  protected readonly otp = computed(() => this.server()?.otp);
  /** Who was sent a code, if they are here at all. */
  protected readonly whom = signal<Whom | null>(null);
  protected readonly lead = computed(() => {
    const { username, email } = this.whom() ?? {};
    const name = email ?? (username && '@' + username);
    if (!name) return $localize`We send a code to whoever has the account. With it you set a new password.`;
    if (this.otp() === 'fixed') return $localize`The code sets a new password for ${name}:account:.`;
    if (this.otp() === 'log')
      return $localize`If ${name}:account: has an account here, the code is in the server's log. Ask who runs this server.`;
    return $localize`If ${name}:account: has an account here, a code is on its way. It may take a minute.`;
  });

  private readonly who = viewChild<Field>('who');
  private readonly name = viewChild<Field>('name');
  private readonly code = viewChild<CodeField>('code');
  private readonly password = viewChild<Field>('password');
  /** The last try that the server may have taken although its answer was lost. */
  private unanswered = '';

  constructor() {
    void serverSettings().then((settings) => this.server.set(settings));
    afterNextRender(() => this.who()?.focus());
  }

  protected ask(): void {
    const field = this.who()!;
    if (!field.require($localize`Fill this in.`)) return field.focus();
    const name = field.value().trim().replace(/^@/, '');
    const whom = name.includes('@') ? { email: name } : { username: name };
    this.presses.press(whom, () => this.send(whom));
  }

  private async send(whom: Whom): Promise<boolean> {
    const field = this.who()!;
    field.error.set('');
    try {
      await this.entrance.forgot(whom);
      this.whom.set(whom);
      this.later(() => (this.name() ?? this.code())?.focus());
      return true;
    } catch (error) {
      field.error.set(explain(error));
      field.focus();
      return false;
    }
  }

  protected async resend(): Promise<void> {
    const code = this.code()!;
    code.error.set('');
    this.resent.set('');
    try {
      await this.entrance.forgot(this.whom()!);
      this.resent.set(
        this.otp() === 'fixed'
          ? $localize`The code stays the same.`
          : $localize`A new code is on its way. The old one no longer works.`,
      );
    } catch (error) {
      code.error.set(explain(error));
    }
    code.focus();
  }

  protected restart(): void {
    this.presses.forget();
    this.whom.set(null);
    this.later(() => this.who()?.focus());
  }

  protected submit(): void {
    const [code, password] = [this.code()!, this.password()!];
    const missing = this.name()?.require($localize`Fill this in.`) === false;
    const short = code.require() === false;
    password.error.set(passwordFault(password.value()));
    if (missing) return this.name()!.focus();
    if (short) return code.focus();
    if (password.error()) return password.focus();
    const reset = {
      username: this.whom()!.username ?? this.name()!.value().trim().replace(/^@/, ''),
      otp: code.value(),
      newPassword: password.value(),
    };
    this.presses.press(reset, () => this.reset(reset));
  }

  private async reset(reset: { username: string; otp: string; newPassword: string }): Promise<boolean> {
    const { username, newPassword } = reset;
    const attempt = JSON.stringify([username, newPassword]);
    this.failure.set('');
    this.code()!.error.set('');
    try {
      await this.entrance.reset(reset);
    } catch (error) {
      const code = error instanceof Failure ? error.code : undefined;
      // An earlier try used up the code, if only its answer was lost: the log-in tells.
      const perhaps = code === 'otp_invalid' && this.unanswered === attempt;
      if (code === 'unreachable') this.unanswered = attempt;
      if (!perhaps) return this.refused(error, reset.otp);
      return this.entrance.login(username, newPassword).then(
        () => this.enter(),
        (second: unknown) =>
          this.refused(
            second instanceof Failure && second.code === 'credentials_invalid' ? error : second,
            reset.otp,
          ),
      );
    }
    this.unanswered = attempt;
    try {
      await this.entrance.login(username, newPassword);
    } catch {
      await this.router.navigate(['/login'], { queryParams: { username, next: this.next() } });
      return true;
    }
    return this.enter();
  }

  private async enter(): Promise<boolean> {
    await this.router.navigateByUrl(pathAfter(this.next()));
    return true;
  }

  /** At the field it is about. */
  private refused(error: unknown, otp: string): boolean {
    const [code, password] = [this.code()!, this.password()!];
    const weak = passwordRefusal(error, 'newPassword');
    const problem = error instanceof Failure ? error.code : undefined;
    if (weak) {
      password.error.set(weak);
      password.focus();
    } else if (problem === 'otp_invalid' || problem === 'otp_locked') {
      code.error.set(
        problem === 'otp_invalid' && this.name()
          ? $localize`The code and the username do not match, or the code is no longer valid.`
          : codeComplaint(error),
      );
      code.focus();
      code.refuse(otp);
    } else {
      this.failure.set(explain(error));
    }
    return false;
  }

  private later(work: () => void): void {
    afterNextRender(work, { injector: this.injector });
  }
}
