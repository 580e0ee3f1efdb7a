import { Component, computed, inject, input } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { lastSeenTime } from '../format/time';
import { PresenceStore } from '../live/presence-store';
import { TypingStore, typingNote } from '../live/typing-store';
import { Now } from '../ui/now';

/** Under the title of a chat: who types, else who it is with and whether they are there. */
@Component({
  selector: 'aldis-chat-note',
  template: '{{ note() }}',
  host: { '[class.typing]': 'typing() !== ""' },
})
export class ChatNote {
  private readonly typists = toSignal(inject(TypingStore).typists$, { requireSync: true });
  private readonly presences = toSignal(inject(PresenceStore).presences$, { requireSync: true });
  private readonly now = inject(Now).day;

  readonly conversationId = input<string>();
  /** The other one of two; in a group, nobody. */
  readonly handle = input<string>();
  /** Of a group. */
  readonly members = input(0);
  readonly names = input.required<ReadonlyMap<string, string>>();

  protected readonly typing = computed(() => typingNote(this.typists().get(this.conversationId() ?? '') ?? [], this.handle() ? null : this.names()));
  protected readonly note = computed(() => {
    const handle = this.handle();
    if (this.typing()) return this.typing();
    if (!handle) return this.members() === 1 ? '1 member' : this.members() > 1 ? `${this.members().toLocaleString('en')} members` : '';
    const { online, lastSeen } = this.presences().get(handle) ?? {};
    const presence = online ? ' · online' : lastSeen ? ` · ${lastSeenTime(new Date(lastSeen), this.now())}` : '';
    return `@${handle}${presence}`;
  });
}
