import { afterNextRender, Component, inject, output, signal, viewChild } from '@angular/core';
import { Router } from '@angular/router';

import { Api } from '../api/api';
import { explain, Failure } from '../api/problem';
import { Field } from '../auth/field';
import { linkToUser, typedUsername } from '../people/handle';
import { Dialog } from '../ui/dialog';
import { linkTo } from './conversation';
import { ConversationStore } from './conversation-store';

/** Asks for a username and goes to the conversation with that person. */
@Component({
  selector: 'aldis-new-conversation',
  imports: [Dialog, Field],
  template: `
    <aldis-dialog heading="New conversation" (closed)="closed.emit()">
      <form novalidate (submit)="$event.preventDefault(); submit()">
        <aldis-field #field label="Username" name="receiver" autocomplete="off" [hint]="hint" />
        <button type="submit" class="button" [attr.aria-disabled]="busy()">{{ busy() ? 'Looking…' : 'Start conversation' }}</button>
      </form>
    </aldis-dialog>
  `,
})
export class NewConversation {
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly store = inject(ConversationStore);
  readonly closed = output();

  protected readonly hint = `Ask them for it. Yours is @${this.store.me}.`;
  protected readonly busy = signal(false);
  private readonly field = viewChild.required<Field>('field');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.field().focus());
  }

  protected async submit(): Promise<void> {
    const field = this.field();
    if (this.busy() || !field.require('Whom do you want to write to?')) return field.focus();
    const username = typedUsername(field.value());
    this.busy.set(true);
    try {
      const known = this.store.with(username);
      const link = known ? linkTo(known, this.store.me) : [linkToUser((await this.api.user(username)).username)];
      this.dialog().close();
      await this.router.navigate(link);
    } catch (error) {
      field.error.set(error instanceof Failure && error.code === 'not_found' ? `Nobody here is called @${username}. Check the spelling.` : explain(error));
      field.focus();
    } finally {
      this.busy.set(false);
    }
  }
}
