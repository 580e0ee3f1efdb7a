import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { Database } from '../../core/disk/database';
import { KeptMessages } from '../../core/disk/kept-messages';
import { explain } from '../../core/http/problem';
import type { ConversationId, Message } from '../../protocol/protocol';
import { merge, replace } from '../conversations/merge';
import { LatestMessages } from './latest-messages';
import { EMPTY, isApart, lowestOf, type Thread } from './thread';
import { Turns } from './turns';

const PAGE = 30;
const HELD_PAGE = 100;
/** More than so many are too many in memory for who reads the newest; so many of these stay. */
const MANY = 1_000;
const NEWEST = 300;
/** Above every seq there is. */
const END = Number.MAX_SAFE_INTEGER;

export type Threads = ReadonlyMap<ConversationId, Thread>;

/** The messages of the conversations that were looked at, over what this browser holds of all of them. */
@Service()
export class MessageStore {
  private readonly latest = inject(LatestMessages);
  private readonly database = inject(Database);
  private readonly kept = inject(KeptMessages);
  private readonly threads = new BehaviorSubject<Threads>(new Map());
  readonly threads$ = this.threads.asObservable();
  private readonly asked = new Set<ConversationId>();
  /** The conversation that was opened last: what lies in the memory of the others is out of sight. */
  private shown: ConversationId | undefined;
  private readonly turns = new Turns((id, error) =>
    this.set(id, { loading: false, failure: explain(error) }),
  );

  constructor() {
    this.database.trimmed$.subscribe(({ conversationId, from }) => {
      const thread = this.thread(conversationId);
      if (thread?.from != null && thread.from < from) this.set(conversationId, { from, whole: false });
    });
  }

  thread(id: ConversationId): Thread | undefined {
    return this.threads.value.get(id);
  }

  /**
   * Brings a conversation into memory: what this browser holds of it first, then the server's newest page.
   */
  async open(id: ConversationId): Promise<void> {
    this.shown = id;
    void this.database.opened(id);
    const known = this.thread(id);
    if (known) {
      if (known.from === null && !known.loading) await this.newest(id);
      return;
    }
    // From here on live messages find their place, whatever the database still has to say.
    this.set(id, {});
    // A browser that is here for the first time does not wait for its database, in which there is nothing.
    const early = this.database.ready ? null : this.newest(id);
    const [span, held] = await Promise.all([this.kept.span(id), this.kept.messages(id, END, HELD_PAGE)]);
    // Cleared meanwhile.
    if (!this.thread(id)) return;
    // Below the span there may be holes, so only what is above it is shown as history.
    const usable = (held ?? []).filter(({ seq }) => !span || seq >= span.from);
    await early;
    if (early && this.thread(id)?.from !== null) return;
    this.add(id, this.latest.of(usable));
    if (span && held)
      this.set(id, {
        from: span.from,
        whole: span.whole,
        top: span.whole && held.length < HELD_PAGE,
        loading: false,
      });
    else if (!early) await this.newest(id);
    void this.kept.trim(id).catch(() => undefined);
  }

  /**
   * After a connection was lost: reads that were under way then may never be answered, and are begun anew.
   */
  async resume(): Promise<void> {
    for (const id of this.turns.giveUp()) {
      this.asked.delete(id);
      this.set(id, { loading: false });
    }
    await this.retry();
  }

  /** What failed while there was no connection is tried again. */
  async retry(): Promise<void> {
    const failed = [...this.threads.value].filter(([, { from, loading }]) => from === null && !loading);
    await Promise.all(failed.map(([id]) => this.newest(id)));
  }

  /**
   * The page above what is in memory: from this browser as far as it holds the history, then from the server.
   */
  async older(id: ConversationId): Promise<void> {
    // Asked again while it is under way, it is the same question.
    if (this.asked.has(id)) return;
    this.asked.add(id);
    await this.turns.take(id, async (signal) => {
      // While a page is still being written down, those who see it may ask for the next.
      const page = await this.readOlder(id, signal).finally(() => signal.aborted || this.asked.delete(id));
      if (!page) return;
      const thread = this.thread(id) ?? EMPTY;
      const messages = merge(thread.messages, page);
      // Further up than what this browser keeps, a page is in memory only.
      if (isApart(thread)) this.set(id, { messages, top: page.length < PAGE, loading: false, failure: null });
      else await this.store(id, messages, page, thread.from ?? 1, lowestOf(thread));
    });
  }

  /**
   * At the end of a conversation its older messages are out of sight: they are read again when they are
   * wanted.
   */
  settle(id: ConversationId): void {
    const messages = this.thread(id)?.messages ?? [];
    // A page on its way is put above what is here when it comes.
    if (messages.length > MANY && !this.turns.has(id))
      this.set(id, { messages: messages.slice(-NEWEST), top: false });
  }

  /** Messages as they come from the server, oldest first. */
  async receive(said: readonly Message[]): Promise<void> {
    const messages = this.latest.of(said);
    for (const [id, arrived] of Map.groupBy(messages, ({ conversationId }) => conversationId)) {
      const thread = this.thread(id);
      if (thread) {
        // What lies below what is in memory comes with its page.
        const lowest = thread.top ? 0 : (thread.messages[0]?.seq ?? 0);
        const above = arrived.filter(({ seq }) => seq > lowest);
        this.add(id, above);
        if (id !== this.shown) this.settle(id);
      } else if (arrived[0]?.seq === 1) {
        // The first message of a conversation, and what follows it, is all of it.
        this.set(id, { messages: merge([], arrived), from: 1, whole: true, top: true, loading: false });
        await this.kept.putSpan({ conversationId: id, from: 1, whole: true });
      }
    }
    await this.kept.putArrived(messages);
  }

  async changed(message: Message): Promise<void> {
    this.latest.hear(message);
    const thread = this.thread(message.conversationId);
    if (thread) this.set(message.conversationId, { messages: replace(thread.messages, message) });
    await this.kept.putMessages([message]);
  }

  /** A part further up, without a gap, that has met what is in memory: from here on the two are one. */
  join(id: ConversationId, { messages, from, whole, top }: Thread): void {
    const thread = this.thread(id);
    if (thread?.from == null || from === null) return;
    if (isApart(thread)) return this.set(id, { messages: merge(thread.messages, messages), top });
    const lower = from < thread.from ? { from, whole } : {};
    this.set(id, { messages: merge(thread.messages, messages), top: top || thread.top, ...lower });
    const held = this.thread(id)!;
    const span = { conversationId: id, from: held.from!, whole: held.whole };
    void this.kept.putHistory(span, messages, lowestOf(thread));
  }

  /**
   * The server did not know this client's cursor, so what is held may have holes, and is read anew. What was
   * read a moment ago and has everything up to the head has none.
   */
  async renew(headOf: (id: ConversationId) => number): Promise<void> {
    await this.kept.forgetSpans().catch(() => undefined);
    await this.turns.each(this.threads.value.keys(), async (signal, id) => {
      const { messages, from, whole } = this.thread(id) ?? EMPTY;
      const reached = Math.max(0, ...messages.slice(-PAGE).map(({ seq, changeSeq }) => changeSeq ?? seq));
      if (from !== null && reached >= headOf(id))
        await this.kept.putHistory({ conversationId: id, from, whole }, []);
      else await this.readNewest(id, signal);
    });
  }

  /**
   * The database is back without what came meanwhile, or empty: it gets what is in memory, and promises no
   * more.
   */
  rekeep(): Promise<void> {
    return this.turns.each(this.threads.value.keys(), async (_signal, id) => {
      const { messages, from, top } = this.thread(id) ?? EMPTY;
      if (from === null) return;
      const lowest = top ? 1 : (messages[0]?.seq ?? from);
      this.set(id, { from: lowest, whole: top });
      await this.kept.putHistory({ conversationId: id, from: lowest, whole: top }, messages);
    });
  }

  /** Back in a group: what was said in the meantime did not come live, so its newest page is read again. */
  async renewOne(id: ConversationId): Promise<void> {
    await this.kept.forgetSpan(id).catch(() => undefined);
    if (this.thread(id)) await this.newest(id);
  }

  /** Nothing that is in memory is true any more; whoever looks at a conversation opens it again. */
  clear(): void {
    this.turns.giveUp();
    this.asked.clear();
    this.latest.clear();
    this.threads.next(new Map());
  }

  /** Nothing of a conversation stays in memory. */
  forget(id: ConversationId): void {
    const threads = new Map(this.threads.value);
    threads.delete(id);
    this.threads.next(threads);
  }

  /** What this browser holds is in memory afterwards; else the page of the server. */
  private async readOlder(id: ConversationId, signal: AbortSignal): Promise<Message[] | null> {
    const thread = this.thread(id);
    if (!thread || thread.from === null || thread.top) return null;
    const lowest = thread.messages[0]?.seq ?? END;
    if (lowest > thread.from) {
      const found = await this.readHeld(id, lowest, thread.from);
      if (signal.aborted || found) return null;
    } else if (thread.whole) {
      this.set(id, { top: true });
      return null;
    }
    this.set(id, { loading: true, failure: null });
    return this.latest.page(id, PAGE, { beforeSeq: lowest === END ? thread.from : lowest }, signal);
  }

  /**
   * Whether what this browser holds of the part between the two is in memory now. Another tab may have let go of
   * it, so only what is promised counts.
   */
  private async readHeld(id: ConversationId, below: number, from: number): Promise<boolean> {
    const [span, held] = await Promise.all([this.kept.span(id), this.kept.messages(id, below, HELD_PAGE)]);
    if (!span || !held) return false;
    const usable = held.filter(({ seq }) => seq >= Math.max(from, span.from));
    this.add(id, this.latest.of(usable));
    const top = span.whole && held.length < HELD_PAGE;
    if (top) this.set(id, { top });
    return top || usable.length > 0;
  }

  private newest(id: ConversationId): Promise<void> {
    return this.turns.take(id, (signal) => this.readNewest(id, signal));
  }

  private async readNewest(id: ConversationId, signal: AbortSignal): Promise<void> {
    this.set(id, { loading: true, failure: null });
    const page = await this.latest.page(id, PAGE, undefined, signal);
    const first = page[0]?.seq ?? 0;
    // What lies below the page was held without a promise that it is complete.
    const above = (this.thread(id)?.messages ?? []).filter(({ seq }) => seq >= first);
    await this.store(id, merge(above, page), page, 1);
  }

  private async store(
    id: ConversationId,
    messages: readonly Message[],
    page: readonly Message[],
    above: number,
    below?: number,
  ): Promise<void> {
    const whole = page.length < PAGE;
    const from = whole ? 1 : (page[0]?.seq ?? above);
    this.set(id, { messages, from, whole, top: whole, loading: false, failure: null });
    await this.kept.putHistory({ conversationId: id, from, whole }, page, below);
  }

  private add(id: ConversationId, messages: readonly Message[]): void {
    if (messages.length === 0) return;
    this.set(id, { messages: merge(this.thread(id)?.messages ?? [], messages) });
  }

  private set(id: ConversationId, part: Partial<Thread>): void {
    const threads = new Map(this.threads.value);
    threads.set(id, { ...(threads.get(id) ?? EMPTY), ...part });
    this.threads.next(threads);
  }
}
