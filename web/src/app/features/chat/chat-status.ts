import { Component, computed, inject, input } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Clock } from '../../core/clock';
import { membersOf } from '../../data/conversations/conversation';
import { presenceNote } from '../../data/live/presence-note';
import { PresenceStore } from '../../data/live/presence-store';
import { TypingStore, typingNote } from '../../data/live/typing-store';
import type { Conversation } from '../../protocol/protocol';

/** Under the title of a chat: who types, else who it is with and whether they are there. */
@Component({
  selector: 'aldis-chat-status',
  template: '{{ note() }}',
  host: { '[class.typing]': 'typing() !== ""' },
})
export class ChatStatus {
  private readonly typists = toSignal(inject(TypingStore).typists$, { requireSync: true });
  private readonly presences = toSignal(inject(PresenceStore).presences$, { requireSync: true });
  private readonly now = inject(Clock).day;

  readonly conversation = input<Conversation>();
  /** The other one of two; in a group, nobody. */
  readonly handle = input<string>();
  readonly names = input.required<ReadonlyMap<string, string>>();

  protected readonly typing = computed(() =>
    typingNote(this.typists().get(this.conversation()?.id ?? '') ?? [], this.handle() ? null : this.names()),
  );
  protected readonly note = computed(() => {
    const [handle, conversation] = [this.handle(), this.conversation()];
    if (this.typing()) return this.typing();
    if (!handle) return conversation?.kind === 'group' ? membersOf(conversation) : '';
    const presence = presenceNote(this.presences().get(handle), this.now());
    return `@${handle}${presence && ` · ${presence}`}`;
  });
}
