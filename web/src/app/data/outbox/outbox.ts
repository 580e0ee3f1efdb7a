import { inject, Service, signal } from '@angular/core';
import { BehaviorSubject, Subject, take } from 'rxjs';

import { OWN } from '../../core/base';
import { breath } from '../../core/breath';
import { type Address, addressOf, type ChatKey } from '../../core/chat-key';
import { OutboxDatabase } from '../../core/disk/outbox-database';
import { uuidv7 } from '../../core/format/uuid';
import { Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import { channel } from '../../core/storage/channel';
import { locked } from '../../core/storage/locked';
import type { Attachment, Message, MessageId } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';
import type { Pending } from './pending';
import { PendingStore } from './pending-store';
import { checkPacket, tooLong } from './too-long';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
/** A message over which the connection was cut this many times in a row is given up, … */
const CUTS = 3;
/** … but none so short that no server closes a connection over it: there it is the line. */
const SHORT = 1_000;
const MARKED_AFTER = 500;
/** A database that is silent holds up nothing. */
const READ_WITHIN = 1_000;

/** What of a message goes on to others. */
export interface Forwarded {
  readonly text: string;
  readonly attachments?: readonly Attachment[] | undefined;
}

/**
 * What the person wrote and the server has not acknowledged.
 *
 * A message is stored here before it is sent, and leaves only when the server has it or the person gives it
 * up. One at a time is under way, in the order of writing, from one tab: so a retry can neither overtake nor
 * double. The server knows a message by its clientId, so sending again is always safe.
 */
@Service()
export class Outbox {
  private readonly database = inject(OutboxDatabase);
  private readonly socket = inject(WebSocketService);
  private readonly conversations = inject(ConversationStore);
  private readonly username = this.conversations.me;
  private readonly pending = new BehaviorSubject<readonly Pending[]>([]);
  readonly pending$ = this.pending.asObservable();
  /** Which of them would go with the page. What is sent at once is never among them. */
  readonly unkept = signal<ReadonlySet<string>>(new Set());
  /** A message of one's own that the server has stored. */
  readonly stored$ = new Subject<Message>();

  /** Of what the tabs of this person share. */
  private readonly name = `${OWN}outbox:${this.username}`;
  private readonly tabs = channel(this.name);
  private readonly kept = new PendingStore(this.database, this.username);
  private flushing = false;
  private wait = FIRST_WAIT;
  /** What the person tried again: the server is asked, whatever is thought of its limits here. */
  private readonly insisted = new Set<string>();
  /** What the server has acknowledged; it leaves the outbox a little later. */
  private readonly sent = new Set<string>();
  private cuts = { clientId: '', times: 0 };

  constructor() {
    if (this.tabs) this.tabs.onmessage = () => void this.refresh();
    this.socket.status$.subscribe((status) => {
      if (status !== 'online') return;
      this.wait = FIRST_WAIT;
      void this.flush();
    });
    this.database.open$.subscribe(() => {
      for (const entry of this.kept.lacking(this.pending.value)) void this.save(entry);
      void this.refresh();
    });
    // Who writes here wants to find it again: without this a browser may remove everything it keeps.
    this.stored$.pipe(take(1)).subscribe(() => void navigator.storage?.persist?.().catch(() => false));
    const auth = inject(AuthService);
    addEventListener('beforeunload', (event) => {
      if (auth.user && this.kept.inMemory.size > 0) event.preventDefault();
    });
  }

  /** Reads what this browser holds: after a reload, and once it can be read again. */
  async restore(): Promise<void> {
    const written = this.kept.journaled().filter(({ clientId }) => !this.find(clientId));
    this.publish([...this.pending.value, ...written]);
    for (const entry of written) void this.save(entry);
    await this.refresh();
  }

  async send(
    address: Address,
    text: string,
    replyTo?: MessageId,
    attachments: readonly Attachment[] = [],
  ): Promise<void> {
    const entry: Pending = {
      ...address,
      clientId: uuidv7(),
      text,
      writtenAt: Date.now(),
      ...(replyTo ? { replyTo } : {}),
      ...(attachments.length > 0 ? { attachments } : {}),
    };
    this.publish([...this.pending.value, entry]);
    await Promise.all([this.save(entry), this.flush()]);
  }

  /** Each of these messages to each of these chats. */
  forward(chats: readonly ChatKey[], messages: readonly Forwarded[]): void {
    for (const chat of chats)
      for (const { text, attachments } of messages)
        void this.send(addressOf(chat), text, undefined, attachments);
  }

  /** Once more, after a refusal. */
  async retry(clientId: string): Promise<void> {
    const entry = this.find(clientId);
    if (!entry) return;
    const { problem: _, ...again } = entry;
    this.insisted.add(clientId);
    this.cuts.times = 0;
    await this.put(again);
    await this.flush();
  }

  /** The server has it, or the person does not want it any more. */
  async remove(clientId: string): Promise<void> {
    if (!this.find(clientId)) return;
    this.publish(this.pending.value.filter((pending) => pending.clientId !== clientId));
    await this.kept.remove(clientId);
    this.sent.delete(clientId);
    this.tabs?.postMessage('changed');
    void this.mark();
  }

  /** Sends what waits, oldest first, until nothing waits or the connection is gone. */
  private async flush(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      while (this.socket.online && this.next()) {
        await locked(this.name, () => this.drain()).catch((error: unknown) => this.pause(error));
      }
    } finally {
      this.flushing = false;
    }
  }

  private async drain(): Promise<void> {
    // Another tab may have sent some of it while this one waited for its turn.
    await Promise.race([this.read(), breath(READ_WITHIN)]);
    for (let entry = this.next(); entry && this.socket.online; entry = this.next()) {
      try {
        const { clientId, receiver, conversationId, text, replyTo, attachments } = entry;
        const payload = {
          clientId,
          receiver,
          conversationId,
          text,
          replyTo,
          attachments: attachments?.map(({ id }) => id),
        };
        if (!this.insisted.has(clientId)) checkPacket('message', payload);
        const message = await this.socket.request('message', payload);
        this.sent.add(clientId);
        // The next one waits neither for the conversation nor for the database.
        void this.finish(message);
        this.wait = FIRST_WAIT;
      } catch (reason) {
        const error = this.cutsOff(entry, reason) ? tooLong(entry.text) : reason;
        if (!(error instanceof Failure) || error.retryable) return this.pause(error);
        await this.put({ ...entry, problem: error.problem! });
      }
    }
  }

  private async finish(message: Message): Promise<void> {
    const { clientId, conversationId } = message;
    // A conversation begins with this message: known before the message leaves the outbox, it is never out of
    // sight.
    if (!this.conversations.find(conversationId))
      await this.conversations.fetch(conversationId).catch(() => undefined);
    this.stored$.next(message);
    await this.remove(clientId);
  }

  /**
   * Whether it is this message that cuts the connection: one larger than the server takes has no other
   * answer, and would be sent again for ever.
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

  private async refresh(): Promise<void> {
    await this.read().catch(() => undefined);
    await this.flush();
  }

  private async read(): Promise<void> {
    this.publish(await this.kept.read(() => this.pending.value));
  }

  private find(clientId: string): Pending | undefined {
    return this.pending.value.find((pending) => pending.clientId === clientId);
  }

  private next(): Pending | undefined {
    return this.pending.value.find(({ clientId, problem }) => !problem && !this.sent.has(clientId));
  }

  private put(entry: Pending): Promise<void> {
    this.publish([...this.pending.value.filter(({ clientId }) => clientId !== entry.clientId), entry]);
    return this.save(entry);
  }

  private async save(entry: Pending): Promise<void> {
    await this.kept.save(entry);
    this.tabs?.postMessage('changed');
    void this.mark();
  }

  private async mark(): Promise<void> {
    const { inMemory } = this.kept;
    if (inMemory.size > 0) await breath(MARKED_AFTER);
    this.unkept.set(new Set(inMemory));
  }

  private publish(entries: readonly Pending[]): void {
    this.pending.next([...entries].sort((a, b) => (a.clientId < b.clientId ? -1 : 1)));
  }
}
