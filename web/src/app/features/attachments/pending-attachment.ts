import { Component, computed, effect, input, output, signal } from '@angular/core';

import type { PendingAttachment } from '../../data/attachments/pending-attachments';
import { fileSize } from '../../data/attachments/size';
import { Icon } from '../../ui/icon';

/** A file above the field: what it is, how far it is, and what went wrong. */
@Component({
  selector: 'aldis-pending-attachment',
  imports: [Icon],
  template: `
    @if (preview(); as preview) {
      <img class="attaching-picture" [src]="preview" alt="" (error)="unreadable.set(true)" />
    } @else {
      <span class="attaching-picture"><aldis-icon name="file" /></span>
    }
    <span class="attaching-name" dir="auto">{{ one().file.name }}</span>
    @if (one().failure; as failure) {
      <span class="attaching-note" role="alert">
        {{ failure.said }}
        <button type="button" class="link-button" (click)="again.emit()">{{ words.again }}</button>
      </span>
    } @else if (one().attachment) {
      <span class="attaching-note">{{ size() }}</span>
    } @else {
      <progress
        class="attaching-progress"
        max="1"
        [value]="one().progress ?? 0"
        [attr.aria-label]="uploading()"
      ></progress>
    }
    <button
      type="button"
      class="icon-button"
      [attr.aria-label]="remove()"
      title="Remove"
      i18n-title
      (click)="removed.emit()"
    >
      <aldis-icon name="close" />
    </button>
  `,
})
export class PendingAttachmentView {
  protected readonly words = { again: $localize`Try again` };
  readonly one = input.required<PendingAttachment>();
  readonly again = output();
  readonly removed = output();

  protected readonly size = computed(() => fileSize(this.one().file.size));
  private readonly file = computed(() => this.one().file);
  protected readonly uploading = computed(() => $localize`Uploading ${this.file().name}:name:`);
  protected readonly remove = computed(() => $localize`Remove ${this.file().name}:name:`);
  private readonly address = signal('');
  protected readonly unreadable = signal(false);
  protected readonly preview = computed(() => (this.unreadable() ? '' : this.address()));

  constructor() {
    effect((onCleanup) => {
      if (!this.file().type.startsWith('image/')) return;
      const address = URL.createObjectURL(this.file());
      this.address.set(address);
      onCleanup(() => URL.revokeObjectURL(address));
    });
  }
}
