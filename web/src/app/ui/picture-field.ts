import { Component, type ElementRef, input, signal, viewChild } from '@angular/core';

import { explain } from '../core/http/problem';
import { Avatar } from './avatar';
import { middleSquare } from './square';

/** The picture of a person or a group: chosen, changed and removed. */
@Component({
  selector: 'aldis-picture-field',
  imports: [Avatar],
  template: `
    <aldis-avatar [name]="name()" [username]="of()" [group]="group()" [large]="true" />
    <input
      #file
      type="file"
      accept="image/*"
      hidden
      aria-label="Picture"
      i18n-aria-label
      (change)="choose(file.files?.[0])"
    />
    <button type="button" class="button quiet" [attr.aria-disabled]="busy()" (click)="busy() || file.click()">
      {{ busy() ? words.saving : there() ? words.change : words.add }}
    </button>
    @if (there() && !busy()) {
      <button type="button" class="button quiet" (click)="change(null)">{{ words.remove }}</button>
    }
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
  `,
})
export class PictureField {
  protected readonly words = {
    saving: $localize`Saving…`,
    change: $localize`Change picture`,
    add: $localize`Add a picture`,
    remove: $localize`Remove picture`,
  };
  readonly name = input.required<string>();
  /** The username of the person, or the id of the group. */
  readonly of = input.required<string>();
  readonly group = input(false);
  /** Whether there is a picture now. */
  readonly there = input.required<boolean>();
  /** Saves the square of the picture that others see; none removes it. Fails with why. */
  readonly save = input.required<(picture: Blob | null) => Promise<unknown>>();

  protected readonly busy = signal(false);
  protected readonly failure = signal('');
  private readonly file = viewChild.required<ElementRef<HTMLInputElement>>('file');

  protected async choose(file: File | undefined): Promise<void> {
    // The same file may be chosen once more.
    this.file().nativeElement.value = '';
    if (!file) return;
    const square = await middleSquare(file).catch(() => null);
    if (square) await this.change(square);
    else this.failure.set($localize`This file is no picture that your browser can show.`);
  }

  protected async change(picture: Blob | null): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    this.failure.set('');
    await this.save()(picture).catch((error: unknown) => this.failure.set(explain(error)));
    this.busy.set(false);
  }
}
