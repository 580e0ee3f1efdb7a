import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { addressOf, type ChatKey } from '../../core/chat-key';
import { handleOf, sameUser } from '../../core/handle';
import { Failure } from '../../core/http/problem';
import { plural } from '../../core/language/plural';
import { WebSocketService } from '../../core/line/web-socket-service';
import type { ConversationId, Typing } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';

/** It is said at most this often, … */
const AGAIN = 3_000;
/** … and believed for so long. */
const BELIEVED = 5_000;
/** The server passes on no new beginning so soon after an end: it waits for the next key. */
const REST = 300;

/** Who types where, by username. */
export type Typists = ReadonlyMap<ConversationId, readonly string[]>;

/**
 * Tells that the person types, and knows of others that they do. Nothing of it is kept, and nothing waits for
 * it.
 */
@Service()
export class TypingStore {
  private readonly socket = inject(WebSocketService);
  private readonly me = inject(ConversationStore).me;
  private readonly typists = new BehaviorSubject<Typists>(new Map());
  readonly typists$ = this.typists.asObservable();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  private told: { chat: ChatKey; at: number } | null = null;
  private ended: { chat: ChatKey; at: number } | null = null;
  /** The server does not know of typing; perhaps the one of the next connection does. */
  private unheard = false;

  constructor() {
    this.socket.typing$.subscribe((typing) => this.heard(typing));
    // Who has sent a message has stopped typing it.
    this.socket.message$.subscribe(({ conversationId, sender }) =>
      this.heard({ conversationId, username: sender, typing: false }),
    );
    this.socket.status$.subscribe((status) => {
      if (status === 'online') this.unheard = false;
      else this.told = null;
    });
  }

  /** The person changed the text of a message of this chat. */
  typed(chat: ChatKey, empty: boolean): void {
    if (empty) return this.stopped();
    if (this.told && this.told.chat !== chat) this.stopped();
    if (this.told && Date.now() - this.told.at < AGAIN) return;
    if (this.ended && this.ended.chat === chat && Date.now() - this.ended.at < REST) return;
    this.told = { chat, at: Date.now() };
    this.tell(chat, true);
  }

  /** The text was sent, cleared or left. */
  stopped(): void {
    if (!this.told) return;
    this.tell(this.told.chat, false);
    this.ended = { chat: this.told.chat, at: Date.now() };
    this.told = null;
  }

  private tell(chat: ChatKey, typing: boolean): void {
    if (!this.socket.online || this.unheard) return;
    this.socket.request('typing', { ...addressOf(chat), typing }).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'event_unknown') this.unheard = true;
    });
  }

  private heard({ conversationId, username, typing }: Typing): void {
    if (sameUser(username, this.me)) return;
    const key = `${conversationId} ${handleOf(username)}`;
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    const others = (this.typists.value.get(conversationId) ?? []).filter(
      (other) => !sameUser(other, username),
    );
    if (typing) {
      this.timers.set(
        key,
        setTimeout(() => this.heard({ conversationId, username, typing: false }), BELIEVED),
      );
    } else if (others.length === (this.typists.value.get(conversationId) ?? []).length) return;
    const typists = new Map(this.typists.value);
    if (typing) others.push(username);
    if (others.length > 0) typists.set(conversationId, others);
    else typists.delete(conversationId);
    this.typists.next(typists);
  }
}

/** “typing…” between two; in a group, who. */
export function typingNote(typists: readonly string[], names: ReadonlyMap<string, string> | null): string {
  if (typists.length === 0) return '';
  if (!names) return $localize`typing…`;
  const [first, second] = typists.map((username) => names.get(username) ?? username);
  if (typists.length > 2)
    return plural(
      typists.length,
      $localize`{count, plural, one {# person is typing…} other {# people are typing…}}`,
    );
  return second
    ? $localize`${first}:name: and ${second}:other: are typing…`
    : $localize`${first}:name: is typing…`;
}
