import { inject, Service, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { hasUser, sameUser } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import type { Conversation, ConversationId, Message } from '../../protocol/protocol';
import { cursorsOf } from '../conversations/conversation';
import { Blocks } from '../people/blocks';

/** In a conversation, more than so many are not counted. */
const COUNTED = 100;

/**
 * The messages that name this person, as they come while the page is open. They come through a mute, but for
 * those of people whom this person has blocked.
 */
@Service()
export class Mentions {
  private readonly me = inject(AuthService).user?.username ?? '';
  private readonly blocked = toSignal(inject(Blocks).blocked$, { requireSync: true });
  private readonly seqs = signal<ReadonlyMap<ConversationId, readonly number[]>>(new Map());

  constructor() {
    const socket = inject(WebSocketService);
    socket.message$.subscribe((message) => {
      if (this.is(message)) this.change(message, (seqs) => [...seqs, message.seq].slice(-COUNTED));
    });
    socket.updated$.subscribe((message) => {
      if (message.deletedAt) this.change(message, (seqs) => seqs.filter((seq) => seq !== message.seq));
    });
  }

  /** Whether a message is to be told of although its conversation is muted. */
  is({ sender, mentions }: Message): boolean {
    return !sameUser(sender, this.me) && hasUser(mentions, this.me) && !this.blocked().has(sender);
  }

  /** How many of them were not read yet. */
  unread(conversation: Conversation): number {
    const { readSeq } = cursorsOf(conversation, this.me);
    return (
      this.seqs()
        .get(conversation.id)
        ?.filter((seq) => seq > readSeq).length ?? 0
    );
  }

  private change({ conversationId }: Message, change: (seqs: readonly number[]) => readonly number[]): void {
    const seqs = this.seqs().get(conversationId) ?? [];
    this.seqs.update((all) => new Map(all).set(conversationId, change(seqs)));
  }
}
