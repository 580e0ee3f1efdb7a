import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { Api, type Where } from '../api/api';
import { explain } from '../api/problem';
import { WebSocketService } from '../live/web-socket-service';
import type { ConversationId, Message } from '../protocol/protocol';
import { MessageStore } from './message-store';
import { EMPTY, merge, replace, type Thread } from './thread';

const AROUND = 60;
const PAGE = 50;

/** A message to go to; a new one each time, so that one may go to the same again. */
export interface Target {
  readonly conversationId: ConversationId;
  readonly seq: number;
}

/** A part of a conversation far above its end, around a message that was jumped to. */
export interface Excerpt {
  readonly target: Target;
  /** Its messages are without a gap, and do not reach those of the conversation's own thread. */
  readonly thread: Thread;
}

/**
 * The place that the person jumped to, if that is not in memory anyway. It grows at both ends as one scrolls, and
 * joins the thread where it meets it.
 */
@Service()
export class ExcerptStore {
  private readonly api = inject(Api);
  private readonly messages = inject(MessageStore);
  private readonly excerpt = new BehaviorSubject<Excerpt | null>(null);
  readonly excerpt$ = this.excerpt.asObservable();
  private readonly target = new BehaviorSubject<Target | null>(null);
  readonly target$ = this.target.asObservable();
  /** Counts whenever another part is shown; not where a part joins the thread, which nobody sees. */
  private readonly view = new BehaviorSubject(0);
  readonly view$ = this.view.asObservable();
  private busy = false;

  constructor() {
    inject(WebSocketService).updated$.subscribe((changed) => {
      const { value } = this.excerpt;
      if (value?.target.conversationId === changed.conversationId) this.change(value, { messages: replace(value.thread.messages, changed) });
    });
  }

  /** Goes to a message, in memory or not. */
  async go(conversationId: ConversationId, seq: number): Promise<void> {
    const target = { conversationId, seq };
    const holds = (thread?: Thread) => thread?.messages.some((message) => message.seq === seq);
    const { value } = this.excerpt;
    if (value?.target.conversationId === conversationId && holds(value.thread)) return this.target.next(target);
    if (holds(this.messages.thread(conversationId))) {
      this.show(null);
      return this.target.next(target);
    }
    this.show({ target, thread: EMPTY });
    this.target.next(target);
    await this.load(target);
  }

  /** Tries again what failed, or fetches what lies above. */
  async older(): Promise<void> {
    const { value } = this.excerpt;
    if (!value || value.thread.whole) return;
    const first = value.thread.messages[0];
    if (!first) return this.load(value.target);
    await this.extend(value.target, { beforeSeq: first.seq }, (page) => ({ whole: page.length < PAGE, top: page.length < PAGE, from: page[0]?.seq ?? first.seq }));
  }

  async newer(): Promise<void> {
    const { value } = this.excerpt;
    const last = value?.thread.messages.at(-1);
    if (value && last) await this.extend(value.target, { afterSeq: last.seq }, (page) => this.join(value.target, page));
  }

  /** Back to the end of the conversation. */
  close(): void {
    this.show(null);
    this.target.next(null);
  }

  leave(conversationId: ConversationId): void {
    if (this.target.value?.conversationId === conversationId) this.close();
  }

  private show(excerpt: Excerpt | null): void {
    if (!excerpt && !this.excerpt.value) return;
    this.excerpt.next(excerpt);
    this.view.next(this.view.value + 1);
  }

  private async load(target: Target): Promise<void> {
    const { conversationId, seq } = target;
    try {
      const messages = merge([], await this.api.messages(conversationId, AROUND, { aroundSeq: seq }));
      this.of(target, { messages, from: messages[0]?.seq ?? seq, loading: false, failure: null });
    } catch (error) {
      this.of(target, { loading: false, failure: explain(error) });
    }
  }

  /** One page at one of the two ends, one at a time. */
  private async extend(target: Target, where: Where, also: (page: readonly Message[]) => Partial<Thread>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const page = await this.api.messages(target.conversationId, PAGE, where);
      const { value } = this.excerpt;
      if (value?.target !== target) return;
      this.change(value, { messages: merge(value.thread.messages, page), failure: null });
      this.of(target, also(page));
    } catch (error) {
      this.of(target, { failure: explain(error) });
    } finally {
      this.busy = false;
    }
  }

  /** Where it has come down to what the thread has in memory, the two are one. */
  private join({ conversationId }: Target, page: readonly Message[]): Partial<Thread> {
    const { value } = this.excerpt;
    const lowest = this.messages.thread(conversationId)?.messages[0]?.seq;
    if (value && lowest !== undefined && (page.length < PAGE || page.at(-1)!.seq >= lowest)) {
      this.messages.join(conversationId, value.thread);
      this.excerpt.next(null);
    }
    return {};
  }

  private of(target: Target, part: Partial<Thread>): void {
    const { value } = this.excerpt;
    if (value?.target === target) this.change(value, part);
  }

  private change(excerpt: Excerpt, part: Partial<Thread>): void {
    this.excerpt.next({ ...excerpt, thread: { ...excerpt.thread, ...part } });
  }
}
