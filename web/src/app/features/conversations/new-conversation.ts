import { afterNextRender, Component, DestroyRef, inject, output, viewChild } from '@angular/core';
import { Router } from '@angular/router';

import { chatWith } from '../../core/chat-key';
import { Api } from '../../core/api/api';
import { linkToUser, typedUsername } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import { linkTo } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';

/** Asks for a username and goes to the conversation with that person. */
@Component({
  selector: 'aldis-new-conversation',
  imports: [Dialog, Field],
  template: `
    <aldis-dialog heading="New conversation" (closed)="closed.emit()">
      <form novalidate (submit)="$event.preventDefault(); submit()">
        <aldis-field #field label="Username" name="receiver" autocomplete="off" [hint]="hint" />
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? 'Looking…' : 'Start conversation' }}
        </button>
      </form>
    </aldis-dialog>
  `,
})
export class NewConversation {
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly store = inject(ConversationStore);
  private readonly destroyed = inject(DestroyRef);
  readonly closed = output();

  protected readonly hint = `Ask them for it. Yours is @${this.store.me}.`;
  private readonly presses = new Presses();
  protected readonly busy = this.presses.busy;
  private readonly field = viewChild.required<Field>('field');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.field().focus());
  }

  protected submit(): void {
    const field = this.field();
    if (!field.require('Whom do you want to write to?')) return field.focus();
    const username = typedUsername(field.value());
    this.presses.press(username, () => this.start(username));
  }

  private async start(username: string): Promise<boolean> {
    const field = this.field();
    field.error.set('');
    try {
      const known = await this.store.resolve(chatWith(username));
      const link = known
        ? linkTo(known, this.store.me)
        : [linkToUser((await this.api.user(username)).username)];
      // Somebody else is meant by now, or nobody: the dialog was closed.
      if (this.presses.followed || this.destroyed.destroyed) return false;
      this.dialog().close();
      await this.router.navigate(link);
      return true;
    } catch (error) {
      field.error.set(
        error instanceof Failure && error.code === 'not_found'
          ? `Nobody here is called @${username}. Check the spelling.`
          : explain(error),
      );
      field.focus();
      return false;
    }
  }
}
