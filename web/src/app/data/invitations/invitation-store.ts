import { inject, Service } from '@angular/core';
import { BehaviorSubject, merge } from 'rxjs';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import type { Conversation, ConversationId, Invitation, Page } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';

/** The invitations to groups that wait for this person. */
@Service()
export class InvitationStore {
  private readonly api = inject(Api);
  private readonly conversations = inject(ConversationStore);
  private readonly waiting = new BehaviorSubject<readonly Invitation[]>([]);
  readonly waiting$ = this.waiting.asObservable();
  private loading: Promise<void> | null = null;
  private stale = false;

  constructor() {
    const socket = inject(WebSocketService);
    // An event is a hint: events may overtake each other, and what came without a connection is told by the
    // list alone.
    merge(socket.status$, socket.invitation$).subscribe(() => {
      if (socket.online) void this.load();
    });
  }

  /** Becomes a member. Fails with why, for the person to see. */
  async accept(id: ConversationId): Promise<void> {
    const group = await this.answer<Conversation>('POST', id);
    // One that this browser knows is a group that was left: the event `conversation` brings it back with its
    // messages.
    if (group && !this.conversations.find(id)) this.conversations.put([group]);
  }

  async decline(id: ConversationId): Promise<void> {
    await this.answer('DELETE', id).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }

  private async answer<T>(method: string, id: ConversationId): Promise<T> {
    try {
      const answer = await this.api.call<T>(method, `/api/invitations/${encodeURIComponent(id)}`);
      this.drop(id);
      return answer;
    } catch (error) {
      if (isGone(error)) this.drop(id);
      void this.load();
      throw error;
    }
  }

  private drop(id: ConversationId): void {
    this.waiting.next(this.waiting.value.filter(({ conversationId }) => conversationId !== id));
  }

  /** Reads the list; once more behind a read that is under way, which may be older than what is asked for. */
  private load(): Promise<void> {
    this.stale = this.loading !== null;
    this.loading ??= this.read().finally(() => {
      this.loading = null;
      if (this.stale) void this.load();
    });
    return this.loading;
  }

  private async read(): Promise<void> {
    // No more than a page waits for anybody.
    const page = await this.api.call<Page<Invitation>>('GET', '/api/invitations').catch(() => null);
    if (page) this.waiting.next(page.items);
  }
}

/** Taken back in the meantime, or answered on another device. */
function isGone(error: unknown): boolean {
  return error instanceof Failure && error.code === 'not_found';
}
