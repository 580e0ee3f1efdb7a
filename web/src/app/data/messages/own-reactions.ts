import { inject, Service, signal } from '@angular/core';

import { OWN } from '../../core/base';
import { hasUser } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import { local } from '../../core/storage/storage';
import type { Message } from '../../protocol/protocol';
import { MessageChanges } from './message-changes';

/**
 * The oldest are forgotten: then a reaction counts, but is not marked as one's own until it is given again.
 */
const MOST = 500;

/**
 * This person's reactions to messages that many reacted to. A message names only the first twenty with each
 * emoji, so the client itself remembers whether this person is among the others.
 */
@Service()
export class OwnReactions {
  private readonly changes = inject(MessageChanges);
  private readonly socket = inject(WebSocketService);
  private readonly me = inject(AuthService).user?.username ?? '';
  private readonly key = `${OWN}reacted:${this.me}:`;
  private readonly kept = signal(this.read());

  /** Whether this person's reaction with an emoji is among those to a message. */
  has(
    { id, reactions, reactionCounts }: Pick<Message, 'id' | 'reactions' | 'reactionCounts'>,
    emoji: string,
  ): boolean {
    const isCounted = reactionCounts?.[emoji] !== undefined;
    return hasUser(reactions?.[emoji], this.me) || (isCounted && this.kept().has(`${id} ${emoji}`));
  }

  /** Reacts with an emoji, or takes that back. Whatever goes wrong is told by `MessageChanges`. */
  async react(message: Message, emoji: string): Promise<void> {
    const { conversationId, id } = message;
    const on = !this.has(message, emoji);
    this.changes.forget();
    try {
      await this.changes.take(
        this.socket.request('message:react', { conversationId, id, emoji, on }),
        $localize`The reaction could not be saved: there is no connection. Try again once you are back.`,
      );
      this.note(id, emoji, on);
    } catch (error) {
      this.changes.refuse(error);
    }
  }

  /** The server has answered that this person's reaction is there, or is gone. */
  private note(id: string, emoji: string, on: boolean): void {
    const kept = new Set(this.kept());
    kept.delete(`${id} ${emoji}`);
    if (on) kept.add(`${id} ${emoji}`);
    this.kept.set(new Set([...kept].slice(-MOST)));
    try {
      local.setItem(this.key, JSON.stringify([...this.kept()]));
    } catch {
      // Where the storage is full, it is remembered as long as the page lives.
    }
  }

  private read(): ReadonlySet<string> {
    try {
      const kept: unknown = JSON.parse(local.getItem(this.key) ?? '[]');
      return new Set(Array.isArray(kept) ? kept.filter((one): one is string => typeof one === 'string') : []);
    } catch {
      return new Set();
    }
  }
}
