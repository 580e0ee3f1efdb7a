import { inject, Service } from '@angular/core';
import { BehaviorSubject, map } from 'rxjs';

import { Api } from '../../core/api/api';
import { breath } from '../../core/breath';
import { addressOf, type ChatKey } from '../../core/chat-key';
import { Database } from '../../core/disk/database';
import { withoutUser } from '../../core/handle';
import { explain } from '../../core/http/problem';
import { AuthService } from '../../core/session/auth-service';
import type { Conversation, ConversationId, Message, Page, Receipt } from '../../protocol/protocol';
import { activity, conversationOf, countOf, cursorsOf, roleOf } from './conversation';
import { mayMiscount, mergeConversation, withChange, withCount, withMessage, withReceipt } from './merge';

export interface ConversationsState {
  /** By newest activity. */
  readonly items: readonly Conversation[];
  /** Nothing is known yet, neither from this browser nor from the server. */
  readonly loading: boolean;
  readonly failure: string | null;
}

/** Between two pages of the list that nobody waits for. */
const PAUSE = 200;

/** The list as it is read from the server, from its first page to its end. */
interface Reading {
  /** What was known when it began. */
  readonly before: readonly Conversation[];
  readonly listed: Set<ConversationId>;
  next: string | undefined;
  /** The last page had something new. */
  fresh: boolean;
  /** The next page is asked for. */
  under: boolean;
}

/** The conversations of the person who is logged in. */
@Service()
export class ConversationStore {
  private readonly api = inject(Api);
  private readonly database = inject(Database);
  readonly me = inject(AuthService).user?.username ?? '';

  private readonly state = new BehaviorSubject<ConversationsState>({
    items: [],
    loading: true,
    failure: null,
  });
  readonly state$ = this.state.asObservable();
  private readonly fetching = new Map<ConversationId, Promise<void>>();
  private reading: Reading | null = null;
  /** The whole list was read since the page was opened. */
  private complete = false;
  readonly conversations$ = this.state$.pipe(map(({ items }) => items));

  get items(): readonly Conversation[] {
    return this.state.value.items;
  }

  find(id: ConversationId): Conversation | undefined {
    return this.items.find((conversation) => conversation.id === id);
  }

  /** The conversation of a chat: from the server where it is not known here, and nothing if it has not begun. */
  async resolve(chat: ChatKey): Promise<Conversation | undefined> {
    const known = conversationOf(this.items, chat, this.me);
    if (known) return known;
    const address = addressOf(chat);
    if ('receiver' in address) {
      const said = await this.api.conversationWith(address.receiver);
      this.put(said ? [said] : []);
    } else await this.fetch(address.conversationId);
    return conversationOf(this.items, chat, this.me);
  }

  /** From this browser: at once, and without a network. */
  async restore(): Promise<void> {
    const held = await this.database.conversations();
    // The server may have been faster, and knows better.
    this.update(held.filter(({ id }) => !this.find(id)));
  }

  /** Nothing that was known is true any more: the list is read anew. */
  clear(): void {
    this.reading = null;
    this.complete = false;
    this.change({ items: [], loading: true, failure: null });
  }

  /** Into this browser once more. */
  rekeep(): void {
    void this.database.putConversations(this.items).catch(() => undefined);
  }

  /**
   * From the server, newest activity first. Gives what the server said in the first page; the rest is read
   * behind it.
   */
  async refresh(): Promise<readonly Conversation[]> {
    const before = this.items;
    try {
      const page = await this.api.conversations();
      const reading: Reading = { before, listed: new Set(), next: undefined, fresh: true, under: false };
      this.reading = reading;
      this.take(reading, page);
      this.change({ loading: false, failure: null });
      void this.readOn(reading);
      return page.items;
    } catch (error) {
      this.change({ loading: false, failure: explain(error) });
      return [];
    }
  }

  /** The rest of the list at once, where reading it failed. */
  more(): void {
    if (this.reading) void this.readOn(this.reading);
  }

  /**
   * Page by page to the end of the list, once; after a lost connection as long as a page has something new.
   * So an old conversation is found, and its count is true, before anybody scrolls to it.
   */
  private async readOn(reading: Reading): Promise<void> {
    if (reading.under) return;
    reading.under = true;
    try {
      while (reading.next && (reading.fresh || !this.complete)) {
        await breath(PAUSE);
        const page = await this.api.conversations(reading.next);
        // Begun anew meanwhile.
        if (reading !== this.reading) return;
        this.take(reading, page);
      }
    } catch {
      // Read on by `more`, or after the next connection.
    } finally {
      reading.under = false;
    }
  }

  private take(reading: Reading, { items, next }: Page<Conversation>): void {
    reading.fresh = items.some((said) => this.isNews(said));
    this.put(items);
    for (const { id } of items) reading.listed.add(id);
    reading.next = next;
    if (next) return;
    this.complete = true;
    // Whoever was taken out of a group while they were away is told of it by its absence.
    reading.before
      .filter(({ id, kind }) => kind === 'group' && !reading.listed.has(id))
      .forEach(({ id }) => this.close(id));
  }

  private isNews(said: Conversation): boolean {
    const known = this.find(said.id);
    const { readSeq } = cursorsOf(said, this.me);
    return !known || known.headSeq < said.headSeq || cursorsOf(known, this.me).readSeq < readSeq;
  }

  /** One conversation, from the server; asked once, however many wait for it. */
  fetch(id: ConversationId): Promise<void> {
    const under = this.fetching.get(id);
    if (under) return under;
    const fetching = this.api
      .conversation(id)
      .then((said) => this.put([said]))
      .finally(() => this.fetching.delete(id));
    this.fetching.set(id, fetching);
    return fetching;
  }

  /**
   * What the server says of these, merged with what is known; a group that was left and forgotten stays so.
   */
  put(said: readonly Conversation[]): void {
    const wanted = said.filter((conversation) => roleOf(conversation, this.me) || this.find(conversation.id));
    const miscounted = wanted.filter((conversation) => {
      const known = this.find(conversation.id);
      return known && mayMiscount(known, conversation, this.me);
    });
    this.update(
      wanted.map((conversation) => mergeConversation(this.find(conversation.id), conversation, this.me)),
    );
    for (const { id } of miscounted) void this.recount(id);
  }

  /** This person is no longer part of a group; what was said until then stays, here. */
  close(id: ConversationId): void {
    const known = this.find(id);
    if (known && roleOf(known, this.me))
      this.put([{ ...known, members: withoutUser(known.members, this.me), memberCount: countOf(known) - 1 }]);
  }

  /** Nothing of a conversation stays in this browser. */
  async forget(id: ConversationId): Promise<void> {
    this.change({ items: this.items.filter((conversation) => conversation.id !== id) });
    await this.database.forgetConversation(id).catch(() => undefined);
  }

  /** Messages arrived; a conversation that is not known yet is asked for. */
  receive(messages: readonly Message[]): void {
    const changed = new Map<ConversationId, Conversation>();
    for (const message of messages) {
      const known = changed.get(message.conversationId) ?? this.find(message.conversationId);
      if (known) changed.set(known.id, withMessage(known, message, this.me));
      else {
        void this.fetch(message.conversationId).catch(() => undefined);
        this.catchUp(message, () => this.receive([message]));
      }
    }
    this.update([...changed.values()].filter((conversation) => conversation !== this.find(conversation.id)));
  }

  changed(message: Message): void {
    const known = this.find(message.conversationId);
    if (!known) return this.catchUp(message, () => this.changed(message));
    this.apply(known, withChange(known, message));
    // What is deleted before it was read is not to be read any more.
    if (message.deletedAt && known.unread && message.seq > cursorsOf(known, this.me).readSeq)
      void this.recount(known.id);
  }

  /**
   * Somebody got further; what this person read in part is counted again once the server knows of it
   * (`recount`).
   */
  receipt(receipt: Receipt): void {
    const known = this.find(receipt.conversationId);
    if (known) return this.apply(known, withReceipt(known, receipt, this.me));
    this.catchUp(receipt, () => this.receipt(receipt));
  }

  /**
   * After the server learnt, from here or from another device, that a part was read: only it can count the
   * rest.
   */
  async recount(id: ConversationId): Promise<void> {
    if (!this.find(id)?.unread) return;
    const said = await this.api.conversation(id).catch(() => null);
    const known = this.find(id);
    if (said && known) this.apply(known, withCount(known, said, this.me));
  }

  /** What is heard of a conversation while it is asked for: the answer may be older. */
  private catchUp({ conversationId }: { conversationId: ConversationId }, hear: () => void): void {
    const asked = this.fetching.get(conversationId);
    asked?.then(() => this.find(conversationId) && hear()).catch(() => undefined);
  }

  private apply(before: Conversation, after: Conversation): void {
    if (after !== before) this.update([after]);
  }

  private update(changed: readonly Conversation[]): void {
    if (changed.length === 0) return;
    const byId = new Map(this.items.map((conversation) => [conversation.id, conversation]));
    for (const conversation of changed) byId.set(conversation.id, conversation);
    const items = [...byId.values()].sort((a, b) => (activity(a) < activity(b) ? 1 : -1));
    this.change({ items, loading: this.state.value.loading && items.length === 0 });
    void this.database.putConversations(changed).catch(() => undefined);
  }

  private change(part: Partial<ConversationsState>): void {
    this.state.next({ ...this.state.value, ...part });
  }
}
