import { inject, Service } from '@angular/core';

import { WebSocketService } from '../../core/line/web-socket-service';
import type { Conversation, ConversationId, Cursors } from '../../protocol/protocol';
import { cursorsOf, roleOf } from '../conversations/conversation';
import { ConversationStore } from '../conversations/conversation-store';

/** How long cursors gather before they are told: many messages, one receipt. */
const GATHER = 150;

/** Tells the server how far this person got. What could not be told is told after the next connection. */
@Service()
export class Receipts {
  private readonly socket = inject(WebSocketService);
  private readonly conversations = inject(ConversationStore);
  private readonly waiting = new Map<ConversationId, Cursors>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.socket.status$.subscribe((status) => {
      if (status === 'online') this.soon();
    });
  }

  /** Everything up to `seq` is stored in this browser. */
  delivered(conversationId: ConversationId, seq: number): void {
    this.move(conversationId, { deliveredSeq: seq, readSeq: 0 });
  }

  /** Everything up to `seq` was on a screen that somebody looked at. */
  read(conversationId: ConversationId, seq: number): void {
    const conversation = this.conversations.find(conversationId);
    // Who was taken out of a group moves nothing there any more.
    if (!conversation || !roleOf(conversation, this.conversations.me)) return;
    if (cursorsOf(conversation, this.conversations.me).readSeq >= seq) return;
    const cursors = { deliveredSeq: seq, readSeq: seq };
    // The count beside the conversation does not wait for the server.
    this.conversations.receipt({ conversationId, username: this.conversations.me, ...cursors });
    this.move(conversationId, cursors);
  }

  /** The server knows less than this browser: something was read and could not be told before a reload. */
  remind(said: Conversation): void {
    const known = this.conversations.find(said.id);
    if (!known) return;
    const { deliveredSeq, readSeq } = cursorsOf(known, this.conversations.me);
    if (readSeq > cursorsOf(said, this.conversations.me).readSeq)
      this.move(said.id, { deliveredSeq, readSeq });
  }

  /** What waits is of a log that is no more. */
  clear(): void {
    this.waiting.clear();
  }

  private move(conversationId: ConversationId, { deliveredSeq, readSeq }: Cursors): void {
    const before = this.waiting.get(conversationId) ?? { deliveredSeq: 0, readSeq: 0 };
    this.waiting.set(conversationId, {
      deliveredSeq: Math.max(before.deliveredSeq, deliveredSeq),
      readSeq: Math.max(before.readSeq, readSeq),
    });
    this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const [conversationId, cursors] of this.waiting) void this.tell(conversationId, cursors);
    }, GATHER);
  }

  private async tell(conversationId: ConversationId, cursors: Cursors): Promise<void> {
    if (!this.socket.online) return;
    this.waiting.delete(conversationId);
    const { deliveredSeq, readSeq } = cursors;
    try {
      const payload =
        readSeq > 0 ? { conversationId, deliveredSeq, readSeq } : { conversationId, deliveredSeq };
      const now = await this.socket.request('receipt', payload);
      this.conversations.receipt({ conversationId, username: this.conversations.me, ...now });
      if (readSeq > 0) void this.conversations.recount(conversationId);
    } catch {
      // Unheard: it goes with the next one, or after the next connection.
      const later = this.waiting.get(conversationId);
      this.waiting.set(conversationId, {
        deliveredSeq: Math.max(deliveredSeq, later?.deliveredSeq ?? 0),
        readSeq: Math.max(readSeq, later?.readSeq ?? 0),
      });
    }
  }
}
