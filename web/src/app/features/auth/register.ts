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
import { passwordFault, passwordRefusal } from '../../core/session/new-password';
import { serverSettings } from '../../core/session/server-settings';
import { Verification } from '../../core/session/verification';
import type { AuthSettings, Register as Registration } from '../../protocol/protocol';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';
import { AuthFrame } from './auth-frame';

const USERNAME = /^[a-z0-9._-]{2,32}$/i;
const EMAIL = /^\S+@\S+$/;

/** The fields that errors are about which name none. */
const AT_FIELD: Partial<Record<string, string>> = { username_taken: 'username', invite_invalid: 'invite' };

@Component({
  selector: 'aldis-register',
  imports: [AuthFrame, Field, RouterLink],
  templateUrl: './register.html',
})
export class Register {
  protected readonly words = {
    create: $localize`Create account`,
    creating: $localize`Creating…`,
    old: $localize`Already have one?`,
    logIn: $localize`Log in`,
    email: $localize`E-mail`,
    emailOptional: $localize`E-mail (optional)`,
  };
  private readonly entrance = inject(Entrance);
  private readonly verification = inject(Verification);
  private readonly router = inject(Router);

  /** From the link that invited somebody: `/join/CODE`. */
  readonly invite = input('', { transform: (value: string | undefined) => value ?? '' });

  private readonly server = signal<AuthSettings | null>(null);
  /** Until the server says who may register, whoever was invited is. */
  protected readonly registration = computed(
    () => this.server()?.registration ?? (this.invite() ? 'invite' : 'open'),
  );
  protected readonly emailRequired = computed(() => this.server()?.emailRequired ?? false);
  protected readonly emailHint = computed(() => {
    const otp = this.server()?.otp;
    if (otp === 'email') return $localize`Your code is sent there.`;
    if (otp === 'fixed' || otp === 'log') return $localize`This server sends no mail.`;
    return $localize`Where your code is sent, if this server sends mail.`;
  });
  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly invitation = viewChild<Field>('invitation');
  private readonly username = viewChild.required<Field>('username');
  private readonly displayName = viewChild.required<Field>('displayName');
  private readonly email = viewChild.required<Field>('email');
  private readonly password = viewChild.required<Field>('password');

  constructor() {
    void serverSettings().then((settings) => this.server.set(settings));
    afterNextRender(() => this.username().focus());
  }

  protected submit(): void {
    if (!this.valid()) return;
    const text = (field: Field | undefined) => field?.value().trim() ?? '';
    const [invite, displayName, email] = [this.invitation(), this.displayName(), this.email()].map(text);
    const form = {
      username: text(this.username()),
      password: this.password().value(),
      ...(displayName && { displayName }),
      ...(email && { email }),
      ...(invite && { invite }),
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
    const invitation = this.invitation();
    const others = [this.username(), this.displayName(), this.email(), this.password()];
    return invitation ? [invitation, ...others] : others;
  }

  private valid(): boolean {
    const [username, email] = [this.username().value().trim(), this.email().value().trim()];
    const complaints: [Field | undefined, string][] = [
      [this.invitation(), this.invitation()?.value().trim() ? '' : $localize`Fill this in.`],
      [
        this.username(),
        USERNAME.test(username) ? '' : $localize`Use 2 to 32 letters, digits, dots, dashes or underscores.`,
      ],
      [this.email(), this.emailFault(email)],
      [this.password(), passwordFault(this.password().value())],
    ];
    const wrong = complaints.filter(([field, complaint]) => field && complaint);
    for (const [field, complaint] of wrong) field!.error.set(complaint);
    wrong[0]?.[0]!.focus();
    return wrong.length === 0;
  }

  private emailFault(email: string): string {
    if (!email) return this.emailRequired() ? $localize`Fill this in: your code is sent there.` : '';
    return EMAIL.test(email) ? '' : $localize`This is no e-mail address.`;
  }

  /** At the field it is about, where the server names one. */
  private show(error: unknown): void {
    const code = error instanceof Failure ? error.code : undefined;
    const named = AT_FIELD[code ?? ''] ?? (error instanceof Failure ? error.problem?.field : undefined);
    const field = this.fields().find((candidate) => candidate.name() === named);
    if (!field) return this.failure.set(explain(error));
    field.error.set(
      code === 'username_taken'
        ? $localize`This username is taken. Try another.`
        : passwordRefusal(error, 'password') || explain(error),
    );
    field.focus();
  }
}
