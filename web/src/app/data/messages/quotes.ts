import { BehaviorSubject } from 'rxjs';

import type { Message, MessageId } from '../../protocol/protocol';

/** Messages that replies quote, each looked for once; `null` until it is found. */
export class Quotes {
  private readonly found = new BehaviorSubject<ReadonlyMap<MessageId, Message | null>>(new Map());
  readonly found$ = this.found.asObservable();

  async find(id: MessageId, look: () => Promise<readonly Message[]>): Promise<void> {
    if (this.found.value.has(id)) return;
    this.put(id, null);
    const found = (await look().catch(() => [])).find((message) => message.id === id);
    if (found) this.put(id, found);
  }

  clear(): void {
    this.found.next(new Map());
  }

  changed(message: Message): void {
    if (this.found.value.has(message.id)) this.put(message.id, message);
  }

  private put(id: MessageId, message: Message | null): void {
    this.found.next(new Map(this.found.value).set(id, message));
  }
}
