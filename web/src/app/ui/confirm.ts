import { Component, input, output, signal, viewChild } from '@angular/core';

import { explain } from '../core/http/problem';
import { Dialog } from './dialog';

/** Asks before something that cannot be taken back, does it, and says in the same place if that failed. */
@Component({
  selector: 'aldis-confirm',
  imports: [Dialog],
  template: `
    <aldis-dialog [heading]="heading()" (closed)="closed.emit()">
      <p><ng-content /></p>
      <ng-content select="[choice]" />
      @if (failure()) {
        <p class="form-error confirm-error" role="alert">{{ failure() }}</p>
      }
      <div class="dialog-actions">
        <button type="button" class="button quiet" (click)="close()">{{ words.cancel }}</button>
        <button
          type="button"
          class="button danger"
          [attr.aria-disabled]="busy() || !ready()"
          (click)="confirm()"
        >
          {{ yes() }}
        </button>
      </div>
    </aldis-dialog>
  `,
})
export class Confirm {
  protected readonly words = {
    cancel: $localize`Cancel`,
  };
  readonly heading = input.required<string>();
  /** What the button says. */
  readonly yes = input.required<string>();
  readonly work = input.required<() => Promise<unknown>>();
  /** What has to be chosen first was. */
  readonly ready = input(true);
  readonly closed = output();
  /** It was done; the dialog has closed. */
  readonly done = output();

  protected readonly busy = signal(false);
  protected readonly failure = signal('');
  private readonly dialog = viewChild.required(Dialog);

  protected close(): void {
    this.dialog().close();
  }

  protected async confirm(): Promise<void> {
    if (this.busy() || !this.ready()) return;
    this.busy.set(true);
    this.failure.set('');
    try {
      await this.work()();
      this.close();
      this.done.emit();
    } catch (error) {
      this.failure.set(explain(error));
    } finally {
      this.busy.set(false);
    }
  }
}
