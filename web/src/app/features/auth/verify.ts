import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  type ElementRef,
  inject,
  input,
  signal,
  viewChild,
} from '@angular/core';
import { Router, RouterLink } from '@angular/router';

import { explain, Failure } from '../../core/http/problem';
import { AuthService } from '../../core/session/auth-service';
import { Entrance } from '../../core/session/entrance';
import { Verification } from '../../core/session/verification';
import { Presses } from '../../ui/presses';
import { AuthFrame } from './auth-frame';
import { pathAfter } from './next';

const LENGTH = 6;

@Component({
  selector: 'aldis-verify',
  imports: [AuthFrame, RouterLink],
  template: `
    <aldis-auth-frame heading="Enter your code" [lead]="lead()">
      @if (channel() === 'fixed') {
        <p class="notice" role="note">This is a development server: the code is <strong>123456</strong>.</p>
      }
      <form novalidate (submit)="$event.preventDefault(); submit()">
        <label class="field-label" for="code">Six-digit code</label>
        <input
          #code
          id="code"
          class="field-input code-input"
          inputmode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9]*"
          [attr.aria-invalid]="failure() ? true : null"
          aria-describedby="code-note"
          (input)="typed()"
        />
        <p id="code-note" class="field-note" [class.wrong]="failure()" role="alert">{{ failure() }}</p>
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? 'Checking…' : 'Verify' }}
        </button>
      </form>
      <p class="auth-other">
        <button type="button" class="link-button" (click)="resend()">Send a new code</button>
        · <a routerLink="/register" queryParamsHandling="preserve">Start again</a>
      </p>
      <p class="auth-other" role="status">{{ resent() }}</p>
    </aldis-auth-frame>
  `,
})
export class Verify {
  private readonly auth = inject(AuthService);
  private readonly entrance = inject(Entrance);
  private readonly verification = inject(Verification);
  private readonly router = inject(Router);

  readonly username = input('', { transform: (value: string | undefined) => value ?? '' });

  /** Where to go after the log-in. */
  readonly next = input<string>();

  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  protected readonly resent = signal('');
  protected readonly channel = computed(() => this.verification.of(this.username())?.channel);
  protected readonly lead = computed(() => {
    const waiting = this.verification.of(this.username());
    if (waiting?.channel === 'log') return `The code for @${this.username()} is in the server's log.`;
    if (waiting?.channel === 'email' && waiting.email) return `We sent it to ${waiting.email}.`;
    return `It confirms that @${this.username()} is yours.`;
  });
  private readonly code = viewChild.required<ElementRef<HTMLInputElement>>('code');

  constructor() {
    afterNextRender(() => {
      if (this.username()) this.code().nativeElement.focus();
      else void this.router.navigate(['/login'], { replaceUrl: true });
    });
  }

  /** Whatever is pasted, only digits stay; the sixth one sends it. */
  protected typed(): void {
    const field = this.code().nativeElement;
    const digits = field.value.replace(/\D/g, '').slice(0, LENGTH);
    if (digits !== field.value) field.value = digits;
    this.failure.set('');
    if (digits.length === LENGTH) this.submit();
  }

  protected submit(): void {
    const otp = this.code().nativeElement.value;
    if (otp.length !== LENGTH) return this.failure.set('The code has six digits.');
    this.presses.press(otp, () => this.verify(otp));
  }

  private async verify(otp: string): Promise<boolean> {
    this.failure.set('');
    try {
      await this.entrance.verify(this.username(), otp);
      await this.enter();
      return true;
    } catch (error) {
      this.failure.set(this.complaint(error));
      const field = this.code().nativeElement;
      // Another may be half typed by now.
      if (field.value === otp) field.select();
      return false;
    }
  }

  protected async resend(): Promise<void> {
    this.failure.set('');
    this.resent.set('');
    try {
      await this.entrance.resend(this.username());
      this.resent.set(
        this.channel() === 'fixed'
          ? 'The code stays the same.'
          : 'A new code is on its way. The old one no longer works.',
      );
    } catch (error) {
      this.failure.set(explain(error));
    }
    this.code().nativeElement.focus();
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

  private complaint(error: unknown): string {
    const code = error instanceof Failure ? error.code : undefined;
    if (code === 'otp_invalid') return 'That is not the code, or it is no longer valid.';
    if (code === 'otp_locked') return 'Too many wrong tries. Send a new code and use that one.';
    return explain(error);
  }
}
