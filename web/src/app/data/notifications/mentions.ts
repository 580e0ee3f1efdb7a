import { inject, Service, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { merge } from 'rxjs';

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
    // A message may come twice, and an edit may name this person or nobody.
    merge(socket.message$, socket.updated$).subscribe((message) => this.note(message));
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

  private note(message: Message): void {
    const { conversationId, seq, deletedAt } = message;
    const known = this.seqs().get(conversationId) ?? [];
    const counts = !deletedAt && this.is(message);
    if (counts === known.includes(seq)) return;
    const seqs = counts ? [...known, seq].slice(-COUNTED) : known.filter((one) => one !== seq);
    this.seqs.update((all) => new Map(all).set(conversationId, seqs));
  }
}
