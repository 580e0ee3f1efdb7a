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
import { AuthService } from '../../core/session/auth-service';
import { NOTICE } from '../../core/session/session';
import { tab } from '../../core/storage/storage';
import type { DeleteAccount as Deletion, OwnMessages } from '../../protocol/protocol';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';

/** Says what the end of an account means, and asks for the password. */
@Component({
  selector: 'aldis-delete-account',
  imports: [Dialog, Field],
  template: `
    <aldis-dialog heading="Delete your account?" i18n-heading (closed)="closed.emit()">
      <p>{{ words.erased }}</p>
      <p>{{ words.left }}</p>
      <form novalidate (submit)="$event.preventDefault(); submit()">
        <fieldset class="choices delete-choices">
          <legend>{{ words.messages }}</legend>
          @for (choice of choices; track choice.name) {
            <label class="choice">
              <input
                type="radio"
                name="messages"
                class="unseen"
                [value]="choice.name"
                [checked]="messages() === choice.name"
                (change)="messages.set(choice.name)"
              />{{ choice.title }}
            </label>
          }
        </fieldset>
        <input hidden autocomplete="username" [value]="username()" />
        <aldis-field
          #password
          label="Password"
          i18n-label
          name="current-password"
          type="password"
          autocomplete="current-password"
        />
        @if (failure()) {
          <p class="form-error" role="alert">{{ failure() }}</p>
        }
        <div class="dialog-actions">
          <button type="button" class="button quiet" (click)="close()">{{ words.cancel }}</button>
          <button type="submit" class="button danger" [attr.aria-disabled]="busy()">
            {{ busy() ? words.deleting : words.delete }}
          </button>
        </div>
      </form>
    </aldis-dialog>
  `,
})
export class DeleteAccount {
  protected readonly words = {
    erased: $localize`Your profile, your e-mail address, your devices and tokens are erased, and files that are in nobody else's messages. You are logged out everywhere.`,
    left: $localize`Your username stays taken, also for you. Groups of yours go to another member.`,
    messages: $localize`What you wrote`,
    cancel: $localize`Cancel`,
    delete: $localize`Delete for good`,
    deleting: $localize`Deleting…`,
  };
  private readonly api = inject(Api);
  private readonly auth = inject(AuthService);
  readonly username = input.required<string>();
  readonly closed = output();

  protected readonly choices: { name: OwnMessages; title: string }[] = [
    { name: 'keep', title: $localize`Stays with the others` },
    { name: 'delete', title: $localize`Is deleted for everybody` },
  ];
  protected readonly messages = signal<OwnMessages>('keep');
  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly password = viewChild.required<Field>('password');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.password().focus());
  }

  protected close(): void {
    this.dialog().close();
  }

  protected submit(): void {
    const field = this.password();
    if (!field.require($localize`Fill this in.`)) return field.focus();
    const request: Deletion = { password: field.value(), messages: this.messages() };
    this.presses.press(request, () => this.delete(request));
  }

  private async delete(request: Deletion): Promise<boolean> {
    this.failure.set('');
    try {
      await this.api.call('DELETE', '/auth/account', request);
    } catch (error) {
      if (error instanceof Failure && error.code === 'credentials_invalid') {
        this.password().error.set($localize`That is not your password.`);
        this.password().focus();
      } else {
        this.failure.set(explain(error));
      }
      return false;
    }
    // The socket may have heard before this answer that the session is over.
    tab.setItem(NOTICE, 'deleted');
    await this.auth.end('deleted');
    return true;
  }
}
