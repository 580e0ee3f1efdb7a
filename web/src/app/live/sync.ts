import { inject, Service } from '@angular/core';
import { debounceTime, merge } from 'rxjs';

import { MessageStore } from '../chat/message-store';
import { Outbox } from '../chat/outbox';
import { Receipts } from '../chat/receipts';
import { ConversationStore } from '../conversations/conversation-store';
import type { Message } from '../protocol/protocol';
import { Database } from '../store/database';
import { WebSocketService } from './web-socket-service';

/** How long live traffic must rest before the cursor is moved past it. */
const SETTLED = 2_000;

/**
 * Carries what arrives to the stores, and keeps the cursor: the one value that says what this browser has.
 * It moves only after everything it stands for is in the database.
 */
@Service()
export class Sync {
  private readonly socket = inject(WebSocketService);
  private readonly database = inject(Database);
  private readonly conversations = inject(ConversationStore);
  private readonly messages = inject(MessageStore);
  private readonly outbox = inject(Outbox);
  private readonly receipts = inject(Receipts);

  private cursor: string | undefined;
  /** Writes of what arrived, one behind the other. */
  private written: Promise<unknown> = Promise.resolve();

  async start(): Promise<void> {
    // The cursor before the rest: what is read after it is at least what it stands for.
    this.cursor = await this.database.cursor();
    await Promise.all([this.conversations.restore(), this.outbox.restore()]);
    this.listen();
    this.socket.connect(() => this.cursor);
    await this.conversations.refresh();
  }

  private listen(): void {
    const { socket } = this;
    socket.message$.subscribe((message) => this.receive(message));
    socket.updated$.subscribe((message) => {
      this.conversations.changed(message);
      this.store(this.messages.changed(message));
    });
    socket.receipt$.subscribe((receipt) => this.conversations.receipt(receipt));
    socket.conversation$.subscribe((conversation) => this.conversations.put([conversation]));
    this.outbox.stored$.subscribe((message) => {
      this.store(this.messages.receive(message));
      this.conversations.receive(message);
    });
    socket.synced$.subscribe(({ cursor }) => void this.synced(cursor));
    socket.cursorLost$.subscribe(() => (this.cursor = undefined));
    merge(socket.message$, socket.updated$, this.outbox.stored$)
      .pipe(debounceTime(SETTLED))
      .subscribe(() => void this.advance());
  }

  private receive(message: Message): void {
    const mine = message.sender === this.conversations.me;
    this.store(this.messages.receive(message));
    this.conversations.receive(message);
    // An acknowledgement that was lost, or a message from another tab or device.
    if (mine) this.store(this.outbox.remove(message.clientId, message));
    else void this.written.then(() => this.receipts.delivered(message.conversationId, message.seq));
  }

  /** What waited has arrived. The list tells the rest: receipts, and conversations that changed meanwhile. */
  private async synced(cursor: string): Promise<void> {
    // Without a cursor the server sent what was not delivered to any device; the history comes by pages.
    if (this.cursor === undefined) await this.messages.renew();
    else await this.messages.retry();
    await this.keep(cursor);
    for (const said of await this.conversations.refresh()) this.receipts.remind(said);
  }

  /** Past what this socket was sent; a reconnection then starts from here. */
  private async advance(): Promise<void> {
    if (!this.socket.online) return;
    const { cursor } = await this.socket.request('sync', {}).catch(() => ({ cursor: undefined }));
    if (cursor) await this.keep(cursor);
  }

  private async keep(cursor: string): Promise<void> {
    await this.written;
    this.cursor = cursor;
    await this.database.putCursor(cursor).catch(() => undefined);
  }

  private store(write: Promise<unknown>): void {
    this.written = Promise.all([this.written, write]).catch(() => undefined);
  }
}
