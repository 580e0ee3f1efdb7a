import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { hasUser, sameUser, UserMap } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';
import type { Presence } from '../../protocol/protocol';
import { peer } from '../conversations/conversation';
import { ConversationStore } from '../conversations/conversation-store';

/** The server watches no more for one person. */
const MOST = 1_000;
/** How long changes of the list gather before the server is asked anew. */
const GATHER = 200;

export type Presences = ReadonlyMap<string, Presence>;

/**
 * Who of the people in direct conversations is there, and whoever is looked at besides. Without a connection nobody knows, so nothing is shown.
 */
@Service()
export class PresenceStore {
  private readonly socket = inject(WebSocketService);
  private readonly conversations = inject(ConversationStore);
  private readonly presences = new BehaviorSubject<Presences>(new UserMap());
  readonly presences$ = this.presences.asObservable();

  /** Whom the server was asked for on this connection. */
  private watched = '';
  private also: string | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.socket.presence$.subscribe((presence) => this.publish([presence]));
    this.socket.status$.subscribe((status) => {
      this.watched = '';
      if (status === 'online') this.soon();
      else if (this.presences.value.size > 0) this.presences.next(new UserMap());
    });
    this.conversations.conversations$.subscribe(() => this.soon());
  }

  /** Somebody who may be in no direct conversation: whoever's card is open. */
  watchAlso(username: string | null): void {
    this.also = username;
    this.soon();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.watch();
    }, GATHER);
  }

  private async watch(): Promise<void> {
    const usernames = this.usernames();
    const wanted = usernames.toSorted().join(' ');
    // A server that refused, or does not know of presence, is asked again by the next change or connection
    // only.
    if (!this.socket.online || usernames.length === 0 || wanted === this.watched) return;
    this.watched = wanted;
    const said = await this.socket.request('presence:watch', { usernames }).catch(() => []);
    // What came in the meantime was asked for by a later request, or by nobody.
    if (wanted === this.watched) this.publish(said);
  }

  /** Whoever is looked at, then the other one of two, by newest activity. */
  private usernames(): string[] {
    const { items, me } = this.conversations;
    const others = items.flatMap((conversation) => peer(conversation, me)?.username ?? []);
    const also = this.also === null || hasUser(others, this.also) ? [] : [this.also];
    return [...also, ...others].filter((username) => !sameUser(username, me)).slice(0, MOST);
  }

  private publish(said: readonly Presence[]): void {
    if (said.length === 0) return;
    const presences = new UserMap(this.presences.value);
    for (const presence of said) presences.set(presence.username, presence);
    this.presences.next(presences);
  }
}
