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

import { explain, Failure } from '../../core/http/problem';
import { serverNow } from '../../core/http/server-time';
import type { NewApiToken } from '../../protocol/protocol';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';
import { TokenSecret } from './token-secret';

const DAY = 86_400_000;

/** Asks what a token is for and how long it lives, makes it, and shows it. */
@Component({
  selector: 'aldis-new-token',
  imports: [Dialog, Field, TokenSecret],
  template: `
    <aldis-dialog heading="New API token" i18n-heading (closed)="closed.emit()">
      @if (secret()) {
        <aldis-token-secret [secret]="secret()" [note]="words.once" />
        <div class="dialog-actions">
          <button type="button" class="button quiet" (click)="close()">{{ words.done }}</button>
        </div>
      } @else {
        <form novalidate (submit)="$event.preventDefault(); submit()">
          <aldis-field
            #name
            label="Name"
            i18n-label
            name="token"
            autocomplete="off"
            hint="What it is for, to know it by."
            i18n-hint
          />
          <fieldset class="choices">
            <legend>{{ words.expires }}</legend>
            @for (choice of lives; track choice.name) {
              <label class="choice">
                <input
                  type="radio"
                  name="life"
                  class="unseen"
                  [checked]="life() === choice.days"
                  (change)="life.set(choice.days)"
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
export class NewToken {
  protected readonly words = {
    done: $localize`Done`,
    once: $localize`Copy it now and keep it safe: it is shown only this once. Who has it reads and writes as you.`,
    expires: $localize`Expires`,
    make: $localize`Make token`,
    making: $localize`Making…`,
  };
  /** Gives the token itself. */
  readonly make = input.required<(token: NewApiToken) => Promise<string>>();
  readonly closed = output();

  protected readonly lives = [
    { name: $localize`Never`, days: 0 },
    { name: $localize`In 30 days`, days: 30 },
    { name: $localize`In a year`, days: 365 },
  ];
  protected readonly life = signal(0);
  protected readonly secret = signal('');
  private readonly presses = new Presses(inject(DestroyRef));
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  private readonly name = viewChild.required<Field>('name');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.name().focus());
  }

  protected close(): void {
    this.dialog().close();
  }

  protected submit(): void {
    const field = this.name();
    const [name, days] = [field.value().trim(), this.life()];
    if (name === '') {
      field.error.set($localize`What is it for?`);
      return field.focus();
    }
    this.presses.press([name, days], () => this.makeIt(name, days));
  }

  private async makeIt(name: string, days: number): Promise<boolean> {
    const field = this.name();
    field.error.set('');
    this.failure.set('');
    try {
      this.secret.set(
        await this.make()(
          days ? { name, expiresAt: new Date(serverNow() + days * DAY).toISOString() } : { name },
        ),
      );
      return true;
    } catch (error) {
      if (error instanceof Failure && error.problem?.field === 'name') {
        field.error.set(explain(error));
        field.focus();
      } else {
        this.failure.set(explain(error));
      }
      return error instanceof Failure && error.code === 'unreachable';
    }
  }
}
