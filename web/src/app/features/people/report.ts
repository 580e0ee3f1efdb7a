import { Component, DestroyRef, inject, input, output, signal, viewChild } from '@angular/core';

import { Api } from '../../core/api/api';
import { explain, Failure } from '../../core/http/problem';
import type { Message, NewReport } from '../../protocol/protocol';
import { Dialog } from '../../ui/dialog';
import { Presses } from '../../ui/presses';
import { Switch } from '../../ui/switch';

/** Tells the admins of a person, or of a message of theirs, which they read only if one shows it to them. */
@Component({
  selector: 'aldis-report',
  imports: [Dialog, Switch],
  template: `
    <aldis-dialog [heading]="message() ? words.ofMessage : words.ofPerson" (closed)="closed.emit()">
      @if (done()) {
        <p role="status">{{ words.thanks }}</p>
        <div class="dialog-actions">
          <button type="button" class="button quiet" (click)="close()">{{ words.done }}</button>
        </div>
      } @else {
        <form novalidate (submit)="$event.preventDefault(); submit(reason.value.trim())">
          <p class="notice">{{ means() }}</p>
          <label class="field-label" for="report-reason">{{ words.reason }}</label>
          <textarea
            #reason
            id="report-reason"
            class="field-input report-reason"
            rows="3"
            maxlength="1000"
          ></textarea>
          @if (message()) {
            <aldis-switch
              [label]="words.context"
              [note]="words.without"
              [on]="context()"
              (toggled)="context.set($event)"
            />
          }
          @if (failure()) {
            <p class="form-error" role="alert">{{ failure() }}</p>
          }
          <button type="submit" class="button danger" [attr.aria-disabled]="busy()">
            {{ busy() ? words.reporting : words.report }}
          </button>
        </form>
      }
    </aldis-dialog>
  `,
})
export class Report {
  protected readonly words = {
    ofMessage: $localize`Report this message`,
    ofPerson: $localize`Report this person`,
    reason: $localize`What is wrong? (optional)`,
    context: $localize`Show the admins this message and what is around it`,
    without: $localize`Up to five messages around it. Otherwise they learn only who wrote it.`,
    report: $localize`Report`,
    reporting: $localize`Reporting…`,
    thanks: $localize`Thank you. The admins of this server will look at it.`,
    done: $localize`Done`,
  };
  private readonly api = inject(Api);
  /** Whom, or the sender of the message. */
  readonly username = input.required<string>();
  readonly message = input<Message>();
  readonly closed = output();

  protected readonly context = signal(false);
  protected readonly done = signal(false);
  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly dialog = viewChild.required(Dialog);

  protected means(): string {
    return $localize`The admins of this server learn that it was you. @${this.username()}:username: is not told.`;
  }

  protected close(): void {
    this.dialog().close();
  }

  protected submit(reason: string): void {
    const message = this.message();
    const report: NewReport = {
      ...(message
        ? { conversationId: message.conversationId, messageId: message.id, context: this.context() }
        : { username: this.username() }),
      ...(reason && { reason }),
    };
    this.presses.press(report, () => this.report(report));
  }

  private async report(report: NewReport): Promise<boolean> {
    this.failure.set('');
    try {
      await this.api.call('POST', '/api/reports', report);
      this.done.set(true);
      return true;
    } catch (error) {
      this.failure.set(explain(error));
      return error instanceof Failure && error.code === 'unreachable';
    }
  }
}
