import { inject, Service } from '@angular/core';
import { Subject } from 'rxjs';

import { Api, type Where } from '../../core/api/api';
import { keepNewest } from '../../core/keep-newest';
import { newer } from '../../core/newer';
import type { ConversationId, Message, MessageId } from '../../protocol/protocol';

/** Changes that are remembered: many more than are heard while a page is under way. */
const MOST = 1_000;

/**
 * Messages in their latest state. A page may be older than a change that was heard while it was under way, and
 * the message may have been nowhere in memory then. So whatever comes into a view, the thread, an excerpt or a
 * quote, comes through here.
 */
@Service()
export class LatestMessages {
  private readonly api = inject(Api);
  private readonly changed = new Map<MessageId, Message>();
  /** A message was changed or deleted. */
  readonly changed$ = new Subject<Message>();
  /** Nothing that was heard or shown is true any more. */
  readonly cleared$ = new Subject<void>();

  /** A page of the server. */
  async page(id: ConversationId, limit: number, where?: Where, signal?: AbortSignal): Promise<Message[]> {
    return this.of(await this.api.messages(id, limit, where, signal));
  }

  of(messages: readonly Message[]): Message[] {
    return messages.map((message) => {
      const heard = this.changed.get(message.id);
      return heard && newer(heard, message) ? heard : message;
    });
  }

  hear(message: Message): void {
    const [latest] = this.of([message]);
    if (latest === message) keepNewest(this.changed, message.id, message, MOST);
    this.changed$.next(message);
  }

  clear(): void {
    this.changed.clear();
    this.cleared$.next();
  }
}
