import { Component, inject, output, signal } from '@angular/core';

import { BASE } from '../../core/base';
import { copyText } from '../../core/copy';
import { linkToUser } from '../../core/handle';
import { ConversationStore } from '../../data/conversations/conversation-store';

/** In place of the list, before the first conversation: what one can do next. */
@Component({
  selector: 'aldis-newcomer',
  template: `
    <h2>{{ words.nothing }}</h2>
    <button type="button" class="button" (click)="start.emit('new')">{{ words.find }}</button>
    <button type="button" class="button quiet" (click)="start.emit('group')">{{ words.group }}</button>
    <button type="button" class="button quiet" (click)="share()">{{ words.share }}</button>
    <p>{{ words.address }}</p>
    <p class="own-address" dir="ltr">{{ address }}</p>
    <p role="status">{{ copied() }}</p>
  `,
  host: { class: 'empty' },
})
export class Newcomer {
  protected readonly words = {
    nothing: $localize`No conversations yet`,
    find: $localize`Find people`,
    group: $localize`Begin a group`,
    share: $localize`Share my address`,
    address: $localize`Whoever opens your address can write to you:`,
  };
  readonly start = output<'new' | 'group'>();
  /** Where others find the person. */
  protected readonly address = location.origin + BASE + linkToUser(inject(ConversationStore).me);
  protected readonly copied = signal('');

  protected async share(): Promise<void> {
    this.copied.set(
      (await copyText(this.address))
        ? $localize`Copied. Send it to whom you want to hear from.`
        : $localize`Your browser does not let it be copied: select it.`,
    );
  }
}
