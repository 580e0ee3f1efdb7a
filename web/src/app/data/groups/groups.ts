import { inject, Service } from '@angular/core';

import { Api } from '../../core/api/api';
import type { ChangeConversation, Conversation, ConversationId, Role } from '../../protocol/protocol';
import { putPicture } from '../attachments/put-picture';
import { ConversationStore } from '../conversations/conversation-store';
import { MessageStore } from '../messages/message-store';

/**
 * Begins and changes groups. The answer is shown at once; everybody else is told by the event `conversation`.
 */
@Service()
export class Groups {
  private readonly api = inject(Api);
  private readonly store = inject(ConversationStore);
  private readonly messages = inject(MessageStore);

  create(title: string, members: string[]): Promise<Conversation> {
    return this.keep(this.api.createGroup({ title, members }));
  }

  change(id: ConversationId, change: ChangeConversation): Promise<Conversation> {
    return this.keep(this.api.changeConversation(id, change));
  }

  /** The one square of the picture of a group; none removes it. */
  async changePicture(id: ConversationId, picture: Blob | null): Promise<void> {
    const path = `/api/conversations/${encodeURIComponent(id)}/picture`;
    if (picture) await this.keep(putPicture(this.api, path, picture));
    else {
      await this.api.call('DELETE', path);
      await this.store.fetch(id);
    }
  }

  /** Adds somebody, or gives a member another role. */
  put(id: ConversationId, username: string, role?: Role): Promise<Conversation> {
    return this.keep(this.api.putMember(id, username, role));
  }

  remove(id: ConversationId, username: string): Promise<Conversation> {
    return this.keep(this.api.removeMember(id, username));
  }

  async leave(id: ConversationId): Promise<void> {
    await this.api.leave(id);
    await this.forget(id);
  }

  /** Takes a group that one is no longer part of out of the list, with what this browser kept of it. */
  async forget(id: ConversationId): Promise<void> {
    await this.store.forget(id);
    this.messages.forget(id);
  }

  private async keep(asked: Promise<Conversation>): Promise<Conversation> {
    const said = await asked;
    this.store.put([said]);
    return said;
  }
}
