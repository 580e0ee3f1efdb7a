import { Component, inject, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { explain } from '../../core/http/problem';
import { AuthService } from '../../core/session/auth-service';
import { ProfileSync } from '../../data/people/profile-sync';
import { Field } from '../../ui/field';
import { PictureField } from '../../ui/picture-field';
import { Presses } from '../../ui/presses';

/** What others see of oneself. */
@Component({
  selector: 'aldis-profile',
  imports: [Field, PictureField],
  template: `
    @if (user(); as user) {
      <aldis-picture-field
        [name]="user.displayName"
        [of]="user.username"
        [there]="user.pictureUrl !== undefined"
        [save]="savePicture"
      />
      <div class="menu-head profile-head">
        <span class="menu-name"
          ><bdi>{{ user.displayName }}</bdi></span
        >
        <span class="menu-note">{{ '@' + user.username }}{{ user.email ? ' · ' + user.email : '' }}</span>
      </div>
      <form novalidate (input)="compare()" (submit)="$event.preventDefault(); save()">
        <aldis-field
          #name
          label="Name"
          i18n-label
          name="display-name"
          autocomplete="name"
          hint="What others see. Your username stays as it is."
          i18n-hint
          [start]="user.displayName"
        />
        <button type="submit" class="button" [attr.aria-disabled]="busy() || same()">
          {{ busy() ? words.saving : words.save }}
        </button>
      </form>
      <p class="settings-note" role="status">
        {{ saved() ? words.saved : '' }}
      </p>
    }
  `,
})
export class Profile {
  protected readonly words = {
    save: $localize`Save`,
    saving: $localize`Saving…`,
    saved: $localize`Saved. Others see it when they next read it.`,
  };
  private readonly sync = inject(ProfileSync);

  protected readonly user = toSignal(inject(AuthService).user$, { requireSync: true });
  private readonly presses = new Presses();
  protected readonly busy = this.presses.busy;
  protected readonly savePicture = (picture: Blob | null) => this.sync.changePicture(picture);
  protected readonly saved = signal(false);
  /** Nothing to save. */
  protected readonly same = signal(true);
  private readonly name = viewChild.required<Field>('name');

  protected compare(): void {
    this.same.set(this.name().value().trim() === this.user()?.displayName);
  }

  protected save(): void {
    const field = this.name();
    const displayName = field.value().trim();
    if (this.same()) return;
    this.saved.set(false);
    if (displayName === '') {
      field.error.set($localize`What may others call you?`);
      return field.focus();
    }
    this.presses.press(displayName, () => this.change(displayName));
  }

  private async change(displayName: string): Promise<boolean> {
    const field = this.name();
    field.error.set('');
    try {
      await this.sync.change({ displayName });
      this.saved.set(!this.presses.followed);
      this.compare();
    } catch (error) {
      field.error.set(explain(error));
      field.focus();
    }
    return false;
  }
}
