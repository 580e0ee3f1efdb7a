import { Component, computed, inject, input, output, signal } from '@angular/core';

import { breath } from '../../core/breath';
import { copyText, notCopied } from '../../core/copy';
import { plural } from '../../core/language/plural';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { MessageChanges } from '../../data/messages/message-changes';
import type { Entry } from '../../data/messages/timeline';
import { Outbox } from '../../data/outbox/outbox';
import type { Conversation } from '../../protocol/protocol';
import { Confirm } from '../../ui/confirm';
import { Icon } from '../../ui/icon';
import { Chooser } from '../conversations/chooser';
import type { Row } from '../conversations/rows';
import { mayDelete, mayForward } from './allowed';

/** In place of the composer while messages are selected: what can be done with all of them. */
@Component({
  selector: 'aldis-selection-bar',
  imports: [Chooser, Confirm, Icon],
  template: `
    <div class="selection" role="toolbar" aria-label="Selected messages" i18n-aria-label>
      <button
        type="button"
        class="icon-button"
        aria-label="Stop selecting"
        i18n-aria-label
        (click)="left.emit()"
      >
        <aldis-icon name="close" />
      </button>
      <p role="status">{{ said() }}</p>
      @if (texts()) {
        <button type="button" class="button quiet" (click)="copy()">{{ words.copy }}</button>
      }
      @if (forwardable()) {
        <button type="button" class="button quiet" (click)="step.set('forward')">{{ words.forward }}</button>
      }
      @if (deletable()) {
        <button type="button" class="button danger" (click)="step.set('delete')">{{ words.delete }}</button>
      }
      @if (failure()) {
        <p class="form-error" role="alert">{{ failure() }}</p>
      }
    </div>
    @switch (step()) {
      @case ('forward') {
        <aldis-chooser
          heading="Forward to"
          i18n-heading
          [several]="true"
          [open]="true"
          (picks)="forward($event)"
          (closed)="step.set(null)"
        />
      }
      @case ('delete') {
        <aldis-confirm
          [heading]="entries().length > 1 ? words.deleteThese : words.deleteThis"
          yes="Delete"
          i18n-yes
          [work]="remove"
          (done)="left.emit()"
          (closed)="step.set(null)"
        >
          {{ words.gone }}
        </aldis-confirm>
      }
    }
  `,
})
export class SelectionBar {
  protected readonly words = {
    copy: $localize`Copy`,
    forward: $localize`Forward`,
    delete: $localize`Delete`,
    gone: $localize`What is deleted is deleted for everyone, and that cannot be taken back.`,
    deleteThis: $localize`Delete this message?`,
    deleteThese: $localize`Delete these messages?`,
  };
  private readonly changes = inject(MessageChanges);
  private readonly outbox = inject(Outbox);
  private readonly me = inject(ConversationStore).me;

  /** What is selected, in the order of the chat. */
  readonly entries = input.required<readonly Entry[]>();
  readonly conversation = input<Conversation>();
  /** Whether one may still write here. */
  readonly open = input(true);
  readonly left = output();

  protected readonly failure = signal('');
  protected readonly step = signal<'forward' | 'delete' | null>(null);
  private readonly listening = signal(false);
  /** A screen reader says what changes in a status, and not what it begins with. */
  protected readonly said = computed(() =>
    this.listening()
      ? plural(this.entries().length, $localize`{count, plural, one {# selected} other {# selected}}`)
      : '',
  );
  protected readonly texts = computed(() =>
    this.entries()
      .map(({ text }) => text)
      .filter(Boolean)
      .join('\n\n'),
  );
  protected readonly forwardable = computed(() => this.all(mayForward));
  protected readonly deletable = computed(
    () => this.open() && this.all((entry) => mayDelete(entry, this.conversation(), this.me)),
  );

  constructor() {
    void breath().then(() => this.listening.set(true));
  }

  /** One after another: what was deleted before a failure is not selected any more. */
  protected readonly remove = async () => {
    for (const { message } of this.entries()) if (message) await this.changes.remove(message);
  };

  protected async copy(): Promise<void> {
    if (await copyText(this.texts())) this.left.emit();
    else this.failure.set(notCopied());
  }

  protected forward(rows: readonly Row[]): void {
    this.outbox.forward(
      rows.map(({ chat }) => chat),
      this.entries(),
    );
    this.left.emit();
  }

  private all(may: (entry: Entry) => boolean): boolean {
    return this.entries().length > 0 && this.entries().every(may);
  }
}
