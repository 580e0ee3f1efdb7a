import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import type { ConversationId } from '../../protocol/protocol';
import { replace } from '../conversations/merge';
import { LatestMessages } from './latest-messages';
import type { Thread } from './thread';

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
 * The place that the person jumped to, if that is not in memory anyway. It grows at both ends as one scrolls,
 * and joins the thread where it meets it.
 */
@Service()
export class ExcerptStore {
  private readonly excerpt = new BehaviorSubject<Excerpt | null>(null);
  readonly excerpt$ = this.excerpt.asObservable();
  private readonly target = new BehaviorSubject<Target | null>(null);
  readonly target$ = this.target.asObservable();
  /** Counts whenever another part is shown; not where a part joins the thread, which nobody sees. */
  private readonly view = new BehaviorSubject(0);
  readonly view$ = this.view.asObservable();

  constructor() {
    const latest = inject(LatestMessages);
    latest.cleared$.subscribe(() => this.close());
    latest.changed$.subscribe((changed) => {
      const { value } = this.excerpt;
      if (value?.target.conversationId === changed.conversationId)
        this.change(value, { messages: replace(value.thread.messages, changed) });
    });
  }

  get shown(): Excerpt | null {
    return this.excerpt.value;
  }

  /** A message that the list shows once it is there. */
  aim(target: Target): void {
    this.target.next(target);
  }

  /** It has become part of the thread, which nobody sees. */
  joined(): void {
    this.excerpt.next(null);
  }

  /** Back to the end of the conversation. */
  close(): void {
    this.show(null);
    this.target.next(null);
  }

  leave(conversationId: ConversationId): void {
    const { value } = this.excerpt;
    if ((value?.target ?? this.target.value)?.conversationId === conversationId) this.close();
  }

  /** Another part than before, or the end. */
  show(excerpt: Excerpt | null): void {
    if (!excerpt && !this.excerpt.value) return;
    this.excerpt.next(excerpt);
    this.view.next(this.view.value + 1);
  }

  of(target: Target, part: Partial<Thread>): void {
    const { value } = this.excerpt;
    if (value?.target === target) this.change(value, part);
  }

  change(excerpt: Excerpt, part: Partial<Thread>): void {
    this.excerpt.next({ ...excerpt, thread: { ...excerpt.thread, ...part } });
  }
}
