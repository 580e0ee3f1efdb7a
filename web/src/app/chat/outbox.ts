import { inject, Service } from '@angular/core';
import { BehaviorSubject, Subject } from 'rxjs';

import { Failure } from '../api/problem';
import { ConversationStore } from '../conversations/conversation-store';
import { uuidv7 } from '../format/uuid';
import { WebSocketService } from '../live/web-socket-service';
import type { Attachment, Message, MessageId } from '../protocol/protocol';
import { Database } from '../store/database';
import { locked } from '../store/locked';
import type { Address, Pending } from './pending';
import { checkPacket, tooLong } from './too-long';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** A message over which the connection was cut this many times in a row is given up, … */
const CUTS = 3;
/** … but none so short that no server closes a connection over it: there it is the line. */
const SHORT = 1_000;

/**
 * What the person wrote and the server has not acknowledged.
 *
 * A message is stored here before it is sent, and leaves only when the server has it or the person gives it up.
 * One at a time is under way, in the order of writing, from one tab: so a retry can neither overtake nor double.
 * The server knows a message by its clientId, so sending again is always safe.
 */
@Service()
export class Outbox {
  private readonly database = inject(Database);
  private readonly socket = inject(WebSocketService);
  private readonly conversations = inject(ConversationStore);
  private readonly username = this.conversations.me;
  private readonly pending = new BehaviorSubject<readonly Pending[]>([]);
  readonly pending$ = this.pending.asObservable();
  /** A message of one's own that the server has stored. */
  readonly stored$ = new Subject<Message>();

  private readonly tabs = new BroadcastChannel(`aldis:outbox:${this.username}`);
  /** What is not in the database yet. */
  private readonly saving = new Map<string, Promise<unknown>>();
  private flushing = false;
  private wait = FIRST_WAIT;
  /** What the person tried again: the server is asked, whatever is thought of its limits here. */
  private readonly insisted = new Set<string>();
  private cuts = { clientId: '', times: 0 };

  constructor() {
    this.tabs.onmessage = () => void this.restore();
    this.socket.status$.subscribe((status) => {
      if (status !== 'online') return;
      this.wait = FIRST_WAIT;
      void this.flush();
    });
  }

  /** Reads what this browser holds: after a reload, and after another tab changed it. */
  async restore(): Promise<void> {
    await this.read();
    void this.flush();
  }

  async send(address: Address, text: string, replyTo?: MessageId, attachments: readonly Attachment[] = []): Promise<void> {
    const entry: Pending = { ...address, clientId: uuidv7(), text, writtenAt: Date.now(), ...(replyTo ? { replyTo } : {}), ...(attachments.length > 0 ? { attachments } : {}) };
    const saved = this.database.putPending(entry).then(
      () => this.saving.delete(entry.clientId),
      // It stays in memory, and in `saving`, so that a look at the database does not drop it.
      () => false,
    );
    this.saving.set(entry.clientId, saved);
    this.publish([...this.pending.value, entry]);
    await saved;
    this.tabs.postMessage('changed');
    await this.flush();
  }

  /** Once more, after a refusal. */
  async retry(clientId: string): Promise<void> {
    const entry = this.pending.value.find((pending) => pending.clientId === clientId);
    if (!entry) return;
    const { problem: _, ...again } = entry;
    this.insisted.add(clientId);
    this.cuts.times = 0;
    await this.put(again);
    await this.flush();
  }

  /** The server has it, or the person does not want it any more. */
  async remove(clientId: string, stored?: Message): Promise<void> {
    if (!this.pending.value.some((pending) => pending.clientId === clientId)) return;
    this.publish(this.pending.value.filter((pending) => pending.clientId !== clientId));
    await this.database.removePending(clientId, stored).catch(() => undefined);
    this.tabs.postMessage('changed');
  }

  /** Sends what waits, oldest first, until nothing waits or the connection is gone. */
  private async flush(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      while (this.socket.online && this.next()) {
        await locked(`aldis:outbox:${this.username}`, () => this.drain());
      }
    } finally {
      this.flushing = false;
    }
  }

  private async drain(): Promise<void> {
    // Another tab may have sent some of it while this one waited for its turn.
    await this.read();
    for (let entry = this.next(); entry && this.socket.online; entry = this.next()) {
      try {
        const { clientId, receiver, conversationId, text, replyTo, attachments } = entry;
        await this.saving.get(clientId);
        const payload = { clientId, receiver, conversationId, text, replyTo, attachments: attachments?.map(({ id }) => id) };
        if (!this.insisted.has(clientId)) checkPacket('message', payload);
        const message = await this.socket.request('message', payload);
        // A conversation begins with this message: known before the message leaves the outbox, it is never out of sight.
        if (!this.conversations.find(message.conversationId)) await this.conversations.fetch(message.conversationId).catch(() => undefined);
        this.stored$.next(message);
        await this.remove(clientId, message);
        this.wait = FIRST_WAIT;
      } catch (reason) {
        const error = this.cutsOff(entry, reason) ? tooLong(entry.text) : reason;
        if (!(error instanceof Failure) || error.retryable) return this.pause(error);
        await this.put({ ...entry, problem: error.problem! });
      }
    }
  }

  /**
   * Whether it is this message that cuts the connection: one larger than the server takes has no other answer,
   * and would be sent again for ever.
   */
  private cutsOff({ clientId, text }: Pending, reason: unknown): boolean {
    // A server that answers has taken the packet.
    if (reason instanceof Failure && reason.problem) this.cuts.times = 0;
    else if (!this.socket.online && navigator.onLine && text.length >= SHORT) {
      this.cuts = { clientId, times: this.cuts.clientId === clientId ? this.cuts.times + 1 : 1 };
    }
    return this.cuts.clientId === clientId && this.cuts.times >= CUTS;
  }

  /** Nothing overtakes a message that may still succeed: all wait. */
  private async pause(error: unknown): Promise<void> {
    if (!this.socket.online) return;
    const asked = error instanceof Failure ? (error.problem?.retryAfter ?? 0) * 1_000 : 0;
    const wait = Math.max(asked, this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }

  private async read(): Promise<void> {
    const held = await this.database.outbox();
    if (!held) return;
    const known = new Set(held.map(({ clientId }) => clientId));
    this.publish([...held, ...this.pending.value.filter(({ clientId }) => this.saving.has(clientId) && !known.has(clientId))]);
  }

  private next(): Pending | undefined {
    return this.pending.value.find(({ problem }) => !problem);
  }

  private async put(entry: Pending): Promise<void> {
    this.publish([...this.pending.value.filter(({ clientId }) => clientId !== entry.clientId), entry]);
    await this.database.putPending(entry).catch(() => undefined);
    this.tabs.postMessage('changed');
  }

  private publish(entries: readonly Pending[]): void {
    this.pending.next([...entries].sort((a, b) => (a.clientId < b.clientId ? -1 : 1)));
  }
}
