import { afterNextRender, Component, computed, inject, input, output } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { fullTime } from '../../core/format/time';
import { withoutUser } from '../../core/handle';
import { isCut } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { MemberStore, readMembers } from '../../data/groups/member-store';
import { reached } from '../../data/messages/reached';
import type { Message } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { Dialog } from '../../ui/dialog';

/** When a message of one's own was sent, and whom it reached. */
@Component({
  selector: 'aldis-message-info',
  imports: [Avatar, Dialog],
  template: `
    <aldis-dialog heading="Message info" i18n-heading (closed)="closed.emit()">
      <p class="info-time">{{ words.sent(exact(message().timestamp)) }}</p>
      @if (message().editedAt; as edited) {
        <p class="info-time">{{ words.edited(exact(edited)) }}</p>
      }
      @for (group of groups(); track group.name) {
        <h3 class="info-heading">{{ group.name }}</h3>
        <ul class="info-people">
          @for (member of group.members; track member.username) {
            <li class="member">
              <aldis-avatar [name]="member.displayName" [username]="member.username" />
              <span class="member-name" dir="auto">{{ member.displayName }}</span>
              <span class="member-note">{{ '@' + member.username }}</span>
            </li>
          }
        </ul>
      }
    </aldis-dialog>
  `,
})
export class MessageInfo {
  protected readonly words = {
    sent: (time: string) => $localize`Sent ${time}:time:`,
    edited: (time: string) => $localize`Edited ${time}:time:`,
  };
  private readonly store = inject(ConversationStore);
  private readonly all = inject(MemberStore);
  readonly message = input.required<Message>();
  readonly closed = output();

  private readonly conversations = toSignal(this.store.conversations$, { requireSync: true });
  private readonly conversation = computed(() =>
    this.conversations().find(({ id }) => id === this.message().conversationId),
  );
  private readonly members = readMembers(this.conversation);
  protected readonly groups = computed(() => {
    return reached(this.message().seq, withoutUser(this.members(), this.store.me));
  });

  constructor() {
    // What others of a large group have read is not told here as it happens.
    afterNextRender(() => {
      void this.store.fetch(this.message().conversationId).catch(() => undefined);
      const conversation = this.conversation();
      if (isCut(conversation)) void this.all.read(conversation!);
    });
  }

  protected exact(instant: string): string {
    return fullTime(new Date(instant));
  }
}
