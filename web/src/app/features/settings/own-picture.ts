import { Component, type ElementRef, inject, input, signal, viewChild } from '@angular/core';

import { explain } from '../../core/http/problem';
import { ProfileSync } from '../../data/people/profile-sync';
import type { User } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { middleSquare } from './square';

/** One's own picture: chosen, changed and removed. */
@Component({
  selector: 'aldis-own-picture',
  imports: [Avatar],
  template: `
    <aldis-avatar [name]="user().displayName" [username]="user().username" [large]="true" />
    <input
      #file
      type="file"
      accept="image/*"
      hidden
      aria-label="Picture"
      (change)="choose(file.files?.[0])"
    />
    <button type="button" class="button quiet" [attr.aria-disabled]="busy()" (click)="busy() || file.click()">
      {{ busy() ? 'Saving…' : user().pictureUrl ? 'Change picture' : 'Add a picture' }}
    </button>
    @if (user().pictureUrl && !busy()) {
      <button type="button" class="button quiet" (click)="remove()">Remove picture</button>
    }
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
  `,
})
export class OwnPicture {
  private readonly sync = inject(ProfileSync);
  readonly user = input.required<User>();

  protected readonly busy = signal(false);
  protected readonly failure = signal('');
  private readonly file = viewChild.required<ElementRef<HTMLInputElement>>('file');

  protected async choose(file: File | undefined): Promise<void> {
    // The same file may be chosen once more.
    this.file().nativeElement.value = '';
    if (!file) return;
    const square = await middleSquare(file).catch(() => null);
    if (square) await this.change(square);
    else this.failure.set('This file is no picture that your browser can show.');
  }

  protected remove(): Promise<void> {
    return this.change(null);
  }

  private async change(picture: Blob | null): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    this.failure.set('');
    await this.sync.changePicture(picture).catch((error: unknown) => this.failure.set(explain(error)));
    this.busy.set(false);
  }
}
