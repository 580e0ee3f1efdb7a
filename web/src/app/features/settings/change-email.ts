import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  inject,
  Injector,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { Api } from '../../core/api/api';
import { patient } from '../../core/http/patient';
import { explain, Failure } from '../../core/http/problem';
import { around } from '../../core/language/around';
import { AuthService } from '../../core/session/auth-service';
import { codeComplaint } from '../../core/session/code-complaint';
import { serverSettings } from '../../core/session/server-settings';
import type { AuthSettings, ChangeEmail as Change, User, Verified } from '../../protocol/protocol';
import { CodeField } from '../../ui/code-field';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';

/** Asks for an e-mail address, and then for the code that was sent to it. */
@Component({
  selector: 'aldis-change-email',
  imports: [CodeField, Dialog, Field],
  templateUrl: './change-email.html',
})
export class ChangeEmail {
  protected readonly words = {
    fixed: around((code) => $localize`This is a development server: the code is ${code}:code:.`),
    send: $localize`Send a code`,
    sending: $localize`Sending…`,
    verify: $localize`Verify`,
    checking: $localize`Checking…`,
    resend: $localize`Send a new code`,
    restart: $localize`Start again`,
  };
  private readonly api = inject(Api);
  private readonly auth = inject(AuthService);
  private readonly injector = inject(Injector);
  /** The present one. */
  readonly email = input<string>();
  readonly changed = output();
  readonly closed = output();

  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  protected readonly resent = signal('');
  private readonly server = signal<AuthSettings | null>(null);
  protected readonly otp = computed(() => this.server()?.otp);
  /** What was asked for last. */
  protected readonly request = signal<Change>({ email: '', password: '' });
  protected readonly sentTo = signal('');
  protected readonly lead = computed(() => {
    const address = this.sentTo();
    const old = this.email();
    if (!address) return old ? $localize`Now it is ${old}:address:.` : $localize`You have none yet.`;
    switch (this.otp()) {
      case 'email':
        return old
          ? $localize`We sent a code to ${address}:address:, and told ${old}:old: of it.`
          : $localize`We sent a code to ${address}:address:.`;
      case 'log':
        return $localize`The code for ${address}:address: is in the server's log.`;
      default:
        return $localize`The code confirms ${address}:address:.`;
    }
  });

  private readonly address = viewChild<Field>('address');
  private readonly password = viewChild<Field>('password');
  private readonly code = viewChild<CodeField>('code');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    void serverSettings().then((settings) => this.server.set(settings));
    afterNextRender(() => this.address()?.focus());
  }

  protected ask(): void {
    const [address, password] = [this.address()!, this.password()!];
    const request = { email: address.value().trim(), password: password.value() };
    const known = password.require($localize`Fill this in.`);
    if (!/^\S+@\S+$/.test(request.email)) {
      address.error.set($localize`This is no e-mail address.`);
      return address.focus();
    }
    if (!known) return password.focus();
    this.presses.press(request, () => this.send(request));
  }

  private async send(request: Change): Promise<boolean> {
    this.failure.set('');
    try {
      await this.call(request);
      this.request.set(request);
      this.sentTo.set(request.email);
      this.later(() => this.code()?.focus());
      return true;
    } catch (error) {
      this.show(error);
      return false;
    }
  }

  protected async resend(): Promise<void> {
    const code = this.code()!;
    code.error.set('');
    this.resent.set('');
    try {
      await this.call(this.request());
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
    this.resent.set('');
    this.sentTo.set('');
    this.later(() => this.address()?.focus());
  }

  protected verify(): void {
    const code = this.code()!;
    if (!code.require()) return code.focus();
    const otp = code.value();
    this.presses.press(otp, () => this.change(otp));
  }

  private async change(otp: string): Promise<boolean> {
    const code = this.code()!;
    code.error.set('');
    try {
      await this.auth.know(await this.verified(otp));
      this.dialog().close();
      this.changed.emit();
      return true;
    } catch (error) {
      code.error.set(codeComplaint(error));
      code.focus();
      code.refuse(otp);
      return false;
    }
  }

  private async verified(otp: string): Promise<User> {
    try {
      const call = () => this.api.call<Verified>('POST', '/auth/email/verify', { otp });
      return (await patient(call)).user;
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'otp_invalid') throw error;
      // The answer of an earlier try may have been lost, which used up the code.
      const me = await this.api.me();
      if (me.email?.toLowerCase() !== this.sentTo().toLowerCase()) throw error;
      return me;
    }
  }

  private call(request: Change): Promise<void> {
    return patient(() => this.api.call('POST', '/auth/email', request));
  }

  /** At the field it is about. */
  private show(error: unknown): void {
    const [address, password] = [this.address()!, this.password()!];
    if (error instanceof Failure && error.problem?.field === 'email') {
      address.error.set($localize`This is no e-mail address.`);
      address.focus();
    } else if (error instanceof Failure && error.code === 'credentials_invalid') {
      password.error.set($localize`That is not your password.`);
      password.focus();
    } else {
      this.failure.set(explain(error));
    }
  }

  private later(work: () => void): void {
    afterNextRender(work, { injector: this.injector });
  }
}
