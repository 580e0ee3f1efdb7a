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

import { explain } from '../../core/http/problem';
import { around } from '../../core/language/around';
import { AuthService } from '../../core/session/auth-service';
import { codeComplaint } from '../../core/session/code-complaint';
import { Entrance } from '../../core/session/entrance';
import { Verification } from '../../core/session/verification';
import { CodeField } from '../../ui/code-field';
import { Presses } from '../../ui/presses';
import { AuthFrame } from './auth-frame';
import { pathAfter } from './next';

@Component({
  selector: 'aldis-verify',
  imports: [AuthFrame, CodeField, RouterLink],
  template: `
    <aldis-auth-frame heading="Enter your code" i18n-heading [lead]="lead()">
      @if (channel() === 'fixed') {
        <p class="notice" role="note">{{ words.fixed[0] }}<strong>123456</strong>{{ words.fixed[1] }}</p>
      }
      <form novalidate (submit)="$event.preventDefault(); submit()">
        <aldis-code-field #code (entered)="submit()" />
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? words.checking : words.verify }}
        </button>
      </form>
      <p class="auth-other">
        <button type="button" class="link-button" (click)="resend()">{{ words.resend }}</button>
        · <a routerLink="/register" queryParamsHandling="preserve">{{ words.restart }}</a>
      </p>
      <p class="auth-other" role="status">{{ resent() }}</p>
    </aldis-auth-frame>
  `,
})
export class Verify {
  protected readonly words = {
    fixed: around((code) => $localize`This is a development server: the code is ${code}:code:.`),
    verify: $localize`Verify`,
    checking: $localize`Checking…`,
    resend: $localize`Send a new code`,
    restart: $localize`Start again`,
  };
  private readonly auth = inject(AuthService);
  private readonly entrance = inject(Entrance);
  private readonly verification = inject(Verification);
  private readonly router = inject(Router);

  readonly username = input('', { transform: (value: string | undefined) => value ?? '' });

  /** Where to go after the log-in. */
  readonly next = input<string>();

  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly resent = signal('');
  protected readonly channel = computed(() => this.verification.of(this.username())?.channel);
  protected readonly lead = computed(() => {
    const waiting = this.verification.of(this.username());
    const name = '@' + this.username();
    if (waiting?.channel === 'log') return $localize`The code for ${name}:username: is in the server's log.`;
    if (waiting?.channel === 'email' && waiting.email)
      return $localize`We sent it to ${waiting.email}:address:.`;
    return $localize`It confirms that ${name}:username: is yours.`;
  });
  private readonly code = viewChild.required<CodeField>('code');

  constructor() {
    afterNextRender(() => {
      if (this.username()) this.code().focus();
      else void this.router.navigate(['/login'], { replaceUrl: true });
    });
  }

  protected submit(): void {
    const otp = this.code().value();
    if (this.code().require()) this.presses.press(otp, () => this.verify(otp));
  }

  private async verify(otp: string): Promise<boolean> {
    this.code().error.set('');
    try {
      await this.entrance.verify(this.username(), otp);
      await this.enter();
      return true;
    } catch (error) {
      this.code().error.set(codeComplaint(error));
      this.code().refuse(otp);
      return false;
    }
  }

  protected async resend(): Promise<void> {
    this.code().error.set('');
    this.resent.set('');
    try {
      await this.entrance.resend(this.username());
      this.resent.set(
        this.channel() === 'fixed'
          ? $localize`The code stays the same.`
          : $localize`A new code is on its way. The old one no longer works.`,
      );
    } catch (error) {
      this.code().error.set(explain(error));
    }
    this.code().focus();
  }

  /** Straight in where the password is still known, else by way of the login page. */
  private async enter(): Promise<void> {
    const password = this.verification.of(this.username())?.password;
    this.verification.done();
    if (password) {
      await this.entrance.login(this.username(), password).catch(() => undefined);
    }
    await (this.auth.user
      ? this.router.navigateByUrl(pathAfter(this.next()))
      : this.router.navigate(['/login'], { queryParams: { username: this.username(), next: this.next() } }));
  }
}
