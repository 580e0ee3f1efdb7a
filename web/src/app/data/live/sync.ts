import { inject, Service } from '@angular/core';
import { BehaviorSubject, exhaustMap, filter, merge, share, switchMap, tap } from 'rxjs';

import { breath } from '../../core/breath';
import { Database } from '../../core/disk/database';
import { KeptMessages } from '../../core/disk/kept-messages';
import { sameUser } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';
import type { ConversationId, Message } from '../../protocol/protocol';
import { roleOf } from '../conversations/conversation';
import { ConversationStore } from '../conversations/conversation-store';
import { MessageStore } from '../messages/message-store';
import { Receipts } from '../messages/receipts';
import { Outbox } from '../outbox/outbox';

/** How long live traffic must rest before the cursor is moved past it, … */
const SETTLED = 2_000;
/** … and after how long it is moved although the traffic does not rest. */
const LATEST = 30_000;

/** A database that is silent keeps nobody from connecting. */
const DISK_WITHIN = 2_500;

/** How long messages gather before they are shown. */
const FRAME = 16;

/**
 * Carries what arrives to the stores, and keeps the cursor: the one value that says what this browser has.
 * It moves only after everything it stands for is in the database.
 */
@Service()
export class Sync {
  private readonly socket = inject(WebSocketService);
  private readonly database = inject(Database);
  private readonly kept = inject(KeptMessages);
  private readonly conversations = inject(ConversationStore);
  private readonly messages = inject(MessageStore);
  private readonly outbox = inject(Outbox);
  private readonly receipts = inject(Receipts);

  /** Whether what waited when the page was opened is in the stores. */
  private readonly caughtUp = new BehaviorSubject(false);
  readonly caughtUp$ = this.caughtUp.asObservable();

  private cursor: string | undefined;
  /** Something arrived that the cursor does not stand for. */
  private behind = false;
  /** Writes of what arrived, one behind the other; whether the database promises nothing that it lacks. */
  private written = Promise.resolve(true);

  /** Messages that arrived within one frame: many become one change of the stores, and one write. */
  private inbox: Message[] = [];

  async start(): Promise<void> {
    const list = this.conversations.refresh();
    // The cursor before the rest: what is read after it is at least what it stands for.
    this.cursor = await Promise.race([this.database.cursor(), breath(DISK_WITHIN).then(() => undefined)]);
    this.listen();
    void this.socket.connect(() => this.cursor);
    await Promise.all([this.conversations.restore(), this.outbox.restore(), list]);
  }

  private listen(): void {
    const { socket } = this;
    socket.message$.subscribe((message) => {
      if (this.inbox.push(message) === 1) setTimeout(() => this.receive(), FRAME);
    });
    socket.updated$.subscribe((message) => {
      this.receive();
      this.conversations.changed(message);
      this.store(this.messages.changed(message));
    });
    socket.receipt$.subscribe((receipt) => {
      this.receive();
      this.conversations.receipt(receipt);
      if (sameUser(receipt.username, this.conversations.me))
        void this.conversations.recount(receipt.conversationId);
    });
    socket.conversation$.subscribe((conversation) => {
      this.receive();
      const before = this.conversations.find(conversation.id);
      this.conversations.put([conversation]);
      const { me } = this.conversations;
      if (before && !roleOf(before, me) && roleOf(conversation, me))
        void this.messages.renewOne(conversation.id);
    });
    this.outbox.stored$.subscribe((message) => {
      this.receive();
      this.store(this.messages.receive([message]));
      this.conversations.receive([message]);
    });
    socket.synced$.subscribe(({ cursor }) => void this.synced(cursor));
    socket.cursorLost$.subscribe(() => this.beginAnew());
    let lost = false;
    socket.status$.subscribe((status) => {
      if (lost && status === 'online') void this.messages.resume();
      lost = status === 'offline';
    });
    this.database.back$.subscribe(() => void this.rekeep());
    const arrived$ = merge(socket.message$, socket.updated$, this.outbox.stored$).pipe(
      tap(() => (this.behind = true)),
      share(),
    );
    merge(arrived$.pipe(switchMap(() => breath(SETTLED))), arrived$.pipe(exhaustMap(() => breath(LATEST))))
      .pipe(filter(() => this.behind))
      .subscribe(() => void this.advance());
  }

  /** Carries the inbox to the stores; whatever comes behind it in order calls this first. */
  private receive(): void {
    if (this.inbox.length === 0) return;
    const messages = this.inbox;
    this.inbox = [];
    this.store(this.messages.receive(messages));
    this.conversations.receive(messages);
    const newest = new Map<ConversationId, number>();
    for (const { sender, clientId, conversationId, seq } of messages) {
      // An acknowledgement that was lost, or a message from another tab or device.
      if (sameUser(sender, this.conversations.me)) this.store(this.outbox.remove(clientId));
      else newest.set(conversationId, seq);
    }
    void this.written.then((whole) => whole && newest.forEach((seq, id) => this.receipts.delivered(id, seq)));
  }

  /**
   * The server does not know this cursor: it was put back from a backup, say, and goes on from there. What this
   * browser holds may be of a future that was lost, so it is forgotten. What was not sent yet is kept.
   */
  private beginAnew(): void {
    this.cursor = undefined;
    this.inbox = [];
    this.receipts.clear();
    this.messages.clear();
    this.conversations.clear();
    this.store(this.database.forgetLog());
  }

  /** What waited has arrived. The list tells the rest: receipts, and conversations that changed meanwhile. */
  private async synced(cursor: string): Promise<void> {
    this.receive();
    // Without a cursor the server sent what was not delivered to any device; the history comes by pages.
    const fresh = this.cursor === undefined;
    const said = await this.conversations.refresh();
    if (!this.caughtUp.value) this.caughtUp.next(true);
    if (fresh) await this.messages.renew((id) => this.conversations.find(id)?.headSeq ?? 0);
    else await this.messages.retry();
    await this.keep(cursor);
    for (const conversation of said) this.receipts.remind(conversation);
  }

  /** Past what this socket was sent; a reconnection then starts from here. */
  private async advance(): Promise<void> {
    this.behind = false;
    if (!this.socket.online) return;
    const { cursor } = await this.socket.request('sync', {}).catch(() => ({ cursor: undefined }));
    this.receive();
    if (cursor) await this.keep(cursor);
  }

  private async keep(cursor: string): Promise<void> {
    const whole = await this.written;
    // Without a database the memory has it all, as long as the page lives.
    if (!whole && this.database.ready) return;
    this.cursor = cursor;
    if (whole) await this.database.putCursor(cursor).catch(() => undefined);
  }

  /**
   * The database is back, and promises nothing: what is in memory is written again, and then what that stands
   * for.
   */
  private async rekeep(): Promise<void> {
    const { cursor } = this;
    this.written = this.messages.rekeep().then(() => true);
    await this.conversations.restore();
    this.conversations.rekeep();
    await this.written;
    if (cursor && this.cursor === cursor) await this.keep(cursor);
  }

  private store(write: Promise<unknown>): void {
    this.written = Promise.all([this.written, write]).then(
      ([whole]) => whole || this.forget(),
      () => this.forget(),
    );
  }

  /** What could not be written, as on a full disk, is a hole: the history is read again when it is wanted. */
  private forget(): Promise<boolean> {
    return this.kept.forgetSpans().then(
      () => true,
      () => false,
    );
  }
}
