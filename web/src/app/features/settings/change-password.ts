import {
  afterNextRender,
  Component,
  DestroyRef,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { Api } from '../../core/api/api';
import { explain, Failure } from '../../core/http/problem';
import { patient } from '../../core/http/patient';
import { passwordFault, passwordRefusal } from '../../core/session/new-password';
import type { ChangePassword as Change } from '../../protocol/protocol';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';

/** Asks for the password and another one in its place. */
@Component({
  selector: 'aldis-change-password',
  imports: [Dialog, Field],
  template: `
    <aldis-dialog heading="Change the password" i18n-heading (closed)="closed.emit()">
      <p>{{ words.what }}</p>
      <form novalidate (submit)="$event.preventDefault(); submit()">
        <!-- Password managers store the new password for this name. -->
        <input hidden autocomplete="username" [value]="username()" />
        <aldis-field
          #present
          label="Current password"
          i18n-label
          name="current-password"
          type="password"
          autocomplete="current-password"
        />
        <aldis-field
          #wanted
          label="New password"
          i18n-label
          name="new-password"
          type="password"
          autocomplete="new-password"
          hint="At least 8 characters."
          i18n-hint
        />
        @if (failure()) {
          <p class="form-error" role="alert">{{ failure() }}</p>
        }
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? words.saving : words.save }}
        </button>
      </form>
    </aldis-dialog>
  `,
})
export class ChangePassword {
  protected readonly words = {
    what: $localize`Your other devices are logged out. API tokens stay: they have a section of their own.`,
    save: $localize`Change password`,
    saving: $localize`Saving…`,
  };
  private readonly api = inject(Api);
  readonly username = input.required<string>();
  readonly changed = output();
  readonly closed = output();

  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly present = viewChild.required<Field>('present');
  private readonly wanted = viewChild.required<Field>('wanted');
  private readonly dialog = viewChild.required(Dialog);
  /** The new password of a try whose answer was lost: it may be in force. */
  private perhaps = '';

  constructor() {
    afterNextRender(() => this.present().focus());
  }

  protected submit(): void {
    const [present, wanted] = [this.present(), this.wanted()];
    const [password, newPassword] = [present.value(), wanted.value()];
    const known = present.require($localize`Fill this in.`);
    wanted.error.set(passwordFault(newPassword));
    if (!known) return present.focus();
    if (wanted.error()) return wanted.focus();
    this.presses.press([password, newPassword], () => this.change({ password, newPassword }));
  }

  private async change(change: Change): Promise<boolean> {
    this.failure.set('');
    try {
      await this.ask(change);
      this.dialog().close();
      this.changed.emit();
      return true;
    } catch (error) {
      this.show(error);
      return false;
    }
  }

  private async ask(change: Change): Promise<void> {
    const { newPassword } = change;
    try {
      await this.call(change);
    } catch (error) {
      const code = error instanceof Failure ? error.code : undefined;
      const again = code === 'credentials_invalid' && this.perhaps === newPassword;
      if (code === 'unreachable') this.perhaps = newPassword;
      // Once it is in force, it is also the one to be changed.
      if (!again) throw error;
      await this.call({ password: newPassword, newPassword });
    }
  }

  private call(change: Change): Promise<void> {
    return patient(() => this.api.call('POST', '/auth/password', change));
  }

  /** At the field it is about. */
  private show(error: unknown): void {
    const [present, wanted] = [this.present(), this.wanted()];
    const weak = passwordRefusal(error, 'newPassword');
    if (weak) {
      wanted.error.set(weak);
      wanted.focus();
    } else if (error instanceof Failure && error.code === 'credentials_invalid') {
      present.error.set($localize`That is not your password.`);
      present.focus();
    } else {
      this.failure.set(explain(error));
    }
  }
}
