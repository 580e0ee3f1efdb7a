import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { KeptMessages } from '../../core/disk/kept-messages';
import { newer } from '../../core/newer';
import type { ConversationId, Message, MessageId } from '../../protocol/protocol';
import { LatestMessages } from './latest-messages';
import { seqOf } from './thread';

/** Messages that replies quote and that are not in their thread's memory. Each is looked for once. */
@Service()
export class Quotes {
  private readonly latest = inject(LatestMessages);
  private readonly kept = inject(KeptMessages);
  /** `null` until it is found. */
  private readonly found = new BehaviorSubject<ReadonlyMap<MessageId, Message | null>>(new Map());
  readonly found$ = this.found.asObservable();

  constructor() {
    this.latest.changed$.subscribe((message) => {
      const held = this.found.value.get(message.id);
      if (held === null || (held && newer(message, held))) this.put(message.id, message);
    });
    this.latest.cleared$.subscribe(() => this.found.next(new Map()));
  }

  /** The answer comes through `found$`. */
  async find(conversationId: ConversationId, id: MessageId): Promise<void> {
    if (this.found.value.has(id)) return;
    this.put(id, null);
    const found = await this.look(conversationId, id).catch(() => undefined);
    // Not where all was forgotten meanwhile.
    if (found && this.found.value.has(id)) this.put(id, found);
  }

  private async look(conversationId: ConversationId, id: MessageId): Promise<Message | undefined> {
    const aroundSeq = seqOf(id);
    const held = await this.kept.message(conversationId, aroundSeq);
    const page = held ? this.latest.of([held]) : await this.latest.page(conversationId, 1, { aroundSeq });
    return page.find((message) => message.id === id);
  }

  private put(id: MessageId, message: Message | null): void {
    this.found.next(new Map(this.found.value).set(id, message));
  }
}
