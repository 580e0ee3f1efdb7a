import { Component, computed, DestroyRef, inject, input, output } from '@angular/core';

import { addressOf, type ChatKey } from '../../core/chat-key';
import { plural } from '../../core/language/plural';
import { type Held, MOST } from '../../data/attachments/pending-attachments';
import { UploadQueue } from '../../data/attachments/upload-queue';
import { Drafts } from '../../data/outbox/drafts';
import { Outbox } from '../../data/outbox/outbox';
import type { Written } from '../../data/outbox/pending';
import type { MessageId } from '../../protocol/protocol';
import { PendingAttachmentView } from './pending-attachment';

/** What will go with the next message, above the field; and where more of it may be dropped. */
@Component({
  selector: 'aldis-tray',
  imports: [PendingAttachmentView],
  template: `
    @if (dropping()) {
      <p class="drop-place" aria-hidden="true">{{ words.drop }}</p>
    }
    <ul class="tray" aria-label="Attached files" i18n-aria-label>
      @for (one of held().files; track one.key) {
        <li class="tray-item" [class.failed]="one.failure">
          <aldis-pending-attachment
            [one]="one"
            (again)="uploads.again(one.key)"
            (removed)="remove(one.key)"
          />
        </li>
      }
    </ul>
    <p class="tray-note" role="status">{{ note() }}</p>
  `,
})
export class Tray {
  protected readonly words = { drop: $localize`Drop files to attach them` };
  protected readonly uploads = inject(UploadQueue);
  private readonly drafts = inject(Drafts);
  private readonly outbox = inject(Outbox);
  private gone = false;

  readonly chat = input.required<ChatKey>();
  readonly held = input.required<Held>();
  /** Files are dragged over the chat. */
  readonly dropping = input(false);
  /** All files of a message are there. */
  readonly ready = output<Written>();
  /** One is gone, and the focus with it. */
  readonly removed = output();

  protected readonly note = computed(() => {
    const { waiting, full } = this.held();
    if (waiting) return $localize`Sent as soon as everything is uploaded. Esc takes that back.`;
    if (!full) return '';
    return plural(
      MOST,
      $localize`{count, plural, one {A message carries # file at most.} other {A message carries # files at most.}}`,
    );
  });

  constructor() {
    inject(DestroyRef).onDestroy(() => (this.gone = true));
  }

  /** Once all files are there; somebody who went to another chat meanwhile has sent it all the same. */
  async send(text: string, replyTo?: MessageId): Promise<void> {
    const chat = this.chat();
    const attachments = await this.uploads.whole(chat);
    if (!attachments || (text === '' && attachments.length === 0)) return;
    if (this.gone) {
      this.drafts.keep(chat, '');
      void this.outbox.send(addressOf(chat), text, replyTo, attachments);
    } else this.ready.emit({ text, attachments });
    this.uploads.clear(chat);
  }

  protected remove(key: string): void {
    this.uploads.remove(key);
    this.removed.emit();
  }
}
