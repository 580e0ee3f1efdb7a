import { Component, DestroyRef, inject, input, output, signal, viewChild } from '@angular/core';

import { explain, Failure } from '../../core/http/problem';
import { serverNow } from '../../core/http/server-time';
import type { NewInvite as Wish } from '../../protocol/protocol';
import { Dialog } from '../../ui/dialog';
import { Presses } from '../../ui/presses';
import { TokenSecret } from '../settings/token-secret';

const DAY = 86_400_000;

/** Asks for how many people an invite is and for how long, makes it, and shows its link. */
@Component({
  selector: 'aldis-new-invite',
  imports: [Dialog, TokenSecret],
  template: `
    <aldis-dialog heading="New invite" i18n-heading (closed)="closed.emit()">
      @if (link()) {
        <aldis-token-secret [secret]="link()" [note]="words.whoever" />
        <div class="dialog-actions">
          <button type="button" class="button quiet" (click)="close()">{{ words.done }}</button>
        </div>
      } @else {
        <form novalidate (submit)="$event.preventDefault(); submit()">
          <fieldset class="choices four-choices">
            <legend>{{ words.uses }}</legend>
            @for (choice of numbers; track choice.uses) {
              <label class="choice">
                <input
                  type="radio"
                  name="uses"
                  class="unseen"
                  [value]="choice.uses"
                  [checked]="uses() === choice.uses"
                  (change)="uses.set(choice.uses)"
                />{{ choice.name }}
              </label>
            }
          </fieldset>
          <fieldset class="choices four-choices">
            <legend>{{ words.ends }}</legend>
            @for (choice of lives; track choice.days) {
              <label class="choice">
                <input
                  type="radio"
                  name="days"
                  class="unseen"
                  [value]="choice.days"
                  [checked]="days() === choice.days"
                  (change)="days.set(choice.days)"
                />{{ choice.name }}
              </label>
            }
          </fieldset>
          @if (failure()) {
            <p class="form-error" role="alert">{{ failure() }}</p>
          }
          <button type="submit" class="button" [attr.aria-disabled]="busy()">
            {{ busy() ? words.making : words.make }}
          </button>
        </form>
      }
    </aldis-dialog>
  `,
})
export class NewInvite {
  protected readonly words = {
    whoever: $localize`Send it to whom you want here: whoever has the link may register.`,
    done: $localize`Done`,
    uses: $localize`How many people may come with it`,
    ends: $localize`It ends`,
    make: $localize`Make the invite`,
    making: $localize`Making…`,
  };
  /** Gives the link. */
  readonly make = input.required<(wish: Wish) => Promise<string>>();
  readonly closed = output();

  /** None is no bound. */
  protected readonly numbers = [
    { name: '1', uses: 1 },
    { name: '5', uses: 5 },
    { name: '25', uses: 25 },
    { name: $localize`Any number`, uses: 0 },
  ];
  protected readonly lives = [
    { name: $localize`In a day`, days: 1 },
    { name: $localize`In 7 days`, days: 7 },
    { name: $localize`In 30 days`, days: 30 },
    { name: $localize`Never`, days: 0 },
  ];
  protected readonly uses = signal(1);
  protected readonly days = signal(7);
  protected readonly link = signal('');
  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly dialog = viewChild.required(Dialog);

  protected close(): void {
    this.dialog().close();
  }

  protected submit(): void {
    const [uses, days] = [this.uses(), this.days()];
    this.presses.press([uses, days], () => this.makeIt(uses, days));
  }

  private async makeIt(uses: number, days: number): Promise<boolean> {
    this.failure.set('');
    try {
      const link = await this.make()({
        ...(uses && { uses }),
        ...(days && { expiresAt: new Date(serverNow() + days * DAY).toISOString() }),
      });
      this.link.set(link);
      return true;
    } catch (error) {
      const { code } = error instanceof Failure ? error : {};
      // The other invitations are those into a group.
      this.failure.set(
        code === 'too_many_invitations'
          ? $localize`There are too many invites: take one back first.`
          : explain(error),
      );
      return code === 'unreachable';
    }
  }
}
