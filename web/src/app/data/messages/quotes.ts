import { BehaviorSubject } from 'rxjs';

import { newer } from '../../core/newer';
import type { Message, MessageId } from '../../protocol/protocol';

/** Messages that replies quote, each looked for once; `null` until it is found. */
export class Quotes {
  private readonly found = new BehaviorSubject<ReadonlyMap<MessageId, Message | null>>(new Map());
  readonly found$ = this.found.asObservable();

  async find(id: MessageId, look: () => Promise<readonly Message[]>): Promise<void> {
    if (this.found.value.has(id)) return;
    this.put(id, null);
    const found = (await look().catch(() => [])).find((message) => message.id === id);
    // Not where all was forgotten meanwhile.
    if (found && this.found.value.has(id)) this.put(id, found);
  }

  clear(): void {
    this.found.next(new Map());
  }

  changed(message: Message): void {
    const held = this.found.value.get(message.id);
    if (held === null || (held && newer(message, held))) this.put(message.id, message);
  }

  private put(id: MessageId, message: Message | null): void {
    this.found.next(new Map(this.found.value).set(id, message));
  }
}
