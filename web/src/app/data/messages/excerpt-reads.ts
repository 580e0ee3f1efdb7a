import { inject, Service } from '@angular/core';

import type { Where } from '../../core/api/api';
import { KeptMessages } from '../../core/disk/kept-messages';
import { explain } from '../../core/http/problem';
import type { ConversationId, Message } from '../../protocol/protocol';
import { merge } from '../conversations/merge';
import { type Excerpt, ExcerptStore, type Target } from './excerpt-store';
import { LatestMessages } from './latest-messages';
import { MessageStore } from './message-store';
import { EMPTY, type Thread } from './thread';

const AROUND = 60;
const PAGE = 50;

/** How the parts that `ExcerptStore` holds are read. */
@Service()
export class ExcerptReads {
  private readonly latest = inject(LatestMessages);
  private readonly keptMessages = inject(KeptMessages);
  private readonly messages = inject(MessageStore);
  private readonly excerpts = inject(ExcerptStore);
  private busy = false;

  /**
   * Goes to the first message that was sent then or later, or to the last one; nowhere where there is none.
   * Without a connection it knows only what is in memory.
   */
  async goSince(conversationId: ConversationId, time: Date): Promise<void> {
    const since = ({ timestamp }: Message) => new Date(timestamp) >= time;
    const held = this.messages.thread(conversationId);
    let page = held?.messages ?? [];
    // What is in memory may begin later.
    if (!held?.top && (page.length === 0 || since(page[0]!))) {
      const where = { aroundTime: time.toISOString() };
      page = merge([], await this.latest.page(conversationId, AROUND, where));
    }
    const found = page.find(since) ?? page.at(-1);
    if (found) await this.go({ conversationId, seq: found.seq }, page);
  }

  /** Goes to a message, in memory or not; `page` is the part around it, where that was read already. */
  async go(target: Target, page?: readonly Message[]): Promise<void> {
    const { conversationId, seq } = target;
    const holds = (thread?: Thread) => thread?.messages.some((message) => message.seq === seq);
    const value = this.excerpts.shown;
    if (value?.target.conversationId === conversationId && holds(value.thread))
      return this.excerpts.aim(target);
    if (holds(this.messages.thread(conversationId))) {
      this.excerpts.show(null);
      return this.excerpts.aim(target);
    }
    this.excerpts.show({ target, thread: EMPTY });
    this.excerpts.aim(target);
    await this.load(target, page);
  }

  /** The part around the first message above `after`. */
  async behind(conversationId: ConversationId, after: number): Promise<Excerpt> {
    const target = { conversationId, seq: after + 1 };
    const messages = merge([], await this.latest.page(conversationId, AROUND, { aroundSeq: target.seq }));
    // A page around a place has what lies before it, if anything does.
    const top = (messages[0]?.seq ?? 0) > after;
    const from = top ? 1 : (messages[0]?.seq ?? 1);
    return { target, thread: { ...EMPTY, messages, from, whole: top, top, loading: false } };
  }

  /** Tries again what failed, or fetches what lies above. */
  async older(): Promise<void> {
    const value = this.excerpts.shown;
    if (!value || value.thread.whole) return;
    const first = value.thread.messages[0];
    if (!first) return this.load(value.target);
    await this.extend(value.target, { beforeSeq: first.seq }, (page) => ({
      whole: page.length < PAGE,
      top: page.length < PAGE,
      from: page[0]?.seq ?? first.seq,
    }));
  }

  async newer(): Promise<void> {
    const value = this.excerpts.shown;
    const last = value?.thread.messages.at(-1);
    if (value && last)
      await this.extend(value.target, { afterSeq: last.seq }, (page) => this.join(value.target, page));
  }

  private async load(target: Target, page?: readonly Message[]): Promise<void> {
    const { conversationId, seq } = target;
    try {
      const messages = page ?? merge([], await this.latest.page(conversationId, AROUND, { aroundSeq: seq }));
      this.excerpts.of(target, { messages, from: messages[0]?.seq ?? seq, loading: false, failure: null });
    } catch (error) {
      const kept = await this.kept(target);
      if (kept)
        this.excerpts.of(target, { messages: kept, from: kept[0]!.seq, loading: false, failure: null });
      else this.excerpts.of(target, { loading: false, failure: explain(error) });
    }
  }

  /** The part around a message as this browser keeps it, if it promises that nothing of it is missing. */
  private async kept({ conversationId, seq }: Target): Promise<Message[] | null> {
    const span = await this.keptMessages.span(conversationId);
    if (!span || seq < span.from) return null;
    const held = await this.keptMessages.messages(conversationId, seq + AROUND / 2, AROUND);
    const usable = this.latest.of(held ?? []).filter((message) => message.seq >= span.from);
    return usable.some((message) => message.seq === seq) ? usable : null;
  }

  /** One page at one of the two ends, one at a time. */
  private async extend(
    target: Target,
    where: Where,
    also: (page: readonly Message[]) => Partial<Thread>,
  ): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const page = await this.latest.page(target.conversationId, PAGE, where);
      const value = this.excerpts.shown;
      if (value?.target !== target) return;
      this.excerpts.change(value, { messages: merge(value.thread.messages, page), failure: null });
      this.excerpts.of(target, also(page));
    } catch (error) {
      this.excerpts.of(target, { failure: explain(error) });
    } finally {
      this.busy = false;
    }
  }

  /** Where it has come down to what the thread has in memory, the two are one. */
  private join({ conversationId }: Target, page: readonly Message[]): Partial<Thread> {
    const value = this.excerpts.shown;
    const lowest = this.messages.thread(conversationId)?.messages[0]?.seq;
    if (value && lowest !== undefined && (page.length < PAGE || page.at(-1)!.seq >= lowest)) {
      this.messages.join(conversationId, value.thread);
      this.excerpts.joined();
    }
    return {};
  }
}
