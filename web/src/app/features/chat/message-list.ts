import {
  afterNextRender,
  afterRenderEffect,
  Component,
  computed,
  DestroyRef,
  type ElementRef,
  effect,
  inject,
  input,
  linkedSignal,
  output,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Virtualizer } from 'virtua/angular';

import { copyText } from '../../core/copy';
import { around } from '../../core/language/around';
import type { Target } from '../../data/messages/excerpt-store';
import { Quotes } from '../../data/messages/quotes';
import type { Thread } from '../../data/messages/thread';
import type { Entry } from '../../data/messages/timeline';
import { nextMention, readThrough, unreadAround, type Window } from '../../data/messages/unread';
import { type Anchor, below } from '../../ui/anchor';
import { onLongPress } from '../../ui/long-press';
import { Announcer } from './announcer';
import { Cursor, keyAt } from './cursor';
import { FloatingDay } from './floating-day';
import { JumpButtons } from './jump-buttons';
import { ListMotion } from './list-motion';
import { shifted } from './list-window';
import { onceMeasured } from './measured';
import { MessageView } from './message';
import type { Wanted } from './message-menu';
import type { Selecting } from './selecting';

/** This close to the end counts as being there. */
const NEAR_END = 48;
/** This close to the beginning, older messages are fetched. */
const NEAR_START = 800;
const MARKED_FOR = 1_500;
/** So high is the heading of a day, about. */
const HEADING = 48;
/** So much of what was read stays in sight above the first unread message. */
const CONTEXT = 56;

/**
 * The messages of a chat. Only those near the window are in the document; the list stays at its end while new
 * ones arrive, unless the person scrolled up, and then nothing moves.
 */
@Component({
  selector: 'aldis-message-list',
  imports: [Announcer, FloatingDay, JumpButtons, MessageView, Virtualizer],
  templateUrl: './message-list.html',
  host: { '(window:focus)': 'lookSoon()', '(document:visibilitychange)': 'lookSoon()' },
})
export class MessageList {
  protected readonly words = {
    loading: $localize`Loading messages`,
    nothing: $localize`Nothing here yet`,
    first: around((name) => $localize`Write the first message to ${name}:name:.`),
    label: (title: string) => $localize`Messages with ${title}:name:`,
    again: $localize`Try again`,
  };
  readonly entries = input.required<readonly Entry[]>();
  readonly thread = input.required<Thread>();
  readonly title = input.required<string>();
  readonly names = input.required<ReadonlyMap<string, string>>();
  /** Before which message “New messages” stands. */
  readonly divider = input<string | null>(null);
  /** Shown is a part further up, which does not reach the newest messages. */
  readonly apart = input(false);
  /** The person who reads. */
  readonly me = input('');
  /** How far they have read, and how many messages the server says are unread. */
  readonly readSeq = input(0);
  readonly unread = input(0);
  /** The first unread message, to begin with; `seeking` until it is in memory. */
  readonly start = input<string | null>(null);
  readonly seeking = input(false);
  readonly begun = output();
  readonly firstUnread = output();
  readonly readAll = output();
  /** The message to go to. */
  readonly target = input<Target | null>(null);
  readonly older = output();
  readonly newer = output();
  readonly latest = output();
  /** Goes to a message that is not in memory. */
  readonly far = output<string>();
  readonly seen = output<number>();
  readonly reply = output<Entry>();
  readonly rewrite = output<Entry>();
  /** In a group the senders are named. */
  readonly group = input(false);
  /** Whether one may still write here. */
  readonly open = input(true);
  readonly menu = output<Wanted>();
  readonly edit = output<Entry>();
  /** Messages that are selected: a press adds one, and takes it out. */
  readonly selecting = input<Selecting>();
  readonly leave = output();
  /** Another day is looked for, from this one on. */
  readonly calendar = output<Date>();

  private readonly quotes = toSignal(inject(Quotes).found$, { requireSync: true });
  private readonly byId = computed(
    () => new Map(this.entries().flatMap(({ message }) => (message ? [[message.id, message]] : []))),
  );

  /** Not before the history is there: what came live in the meantime would only be pushed about by it. */
  protected readonly shown = computed(
    () =>
      !this.seeking() && this.entries().length > 0 && (this.thread().from !== null || !this.thread().loading),
  );
  protected readonly keyOf = (entry: Entry) => entry.key;
  protected readonly itemProps = () => ({ role: 'listitem' });
  protected readonly shifting = linkedSignal<readonly Entry[], boolean>({
    source: this.entries,
    computation: (now, before) => before !== undefined && shifted(before.source, now),
  });
  protected readonly cursor = new Cursor(this.entries);
  /** A pointer is down, so what gets the focus has it from there. */
  protected pressed = false;
  protected readonly marked = signal<string | null>(null);
  private marking: ReturnType<typeof setTimeout> | undefined;

  /** Seen from when its lines are measured and it stands at its end: nothing jumps before one's eyes. */
  protected readonly settled = signal(false);
  readonly atEnd = linkedSignal(() => !untracked(this.apart));
  private offset = 0;
  private looking = false;
  /** It was led to a message, and has not been sent to its end since. */
  private leading = false;
  private gone = false;
  /** The lines in the window. */
  private readonly inView = signal<Window>(
    { first: 0, last: -1 },
    { equal: (a, b) => a.first === b.first && a.last === b.last },
  );
  /** When the topmost message in the window was written, unless the heading of its day is in sight. */
  protected readonly day = signal<Date | null>(null);
  protected readonly motion = new ListMotion();
  protected readonly around = computed(() => {
    if (!this.settled()) return { above: 0, below: 0 };
    const part = {
      entries: this.entries(),
      readSeq: this.readSeq(),
      top: this.thread().top,
      apart: this.apart(),
      unread: this.unread(),
    };
    return unreadAround(part, this.inView());
  });
  protected readonly mention = computed(() =>
    nextMention(this.entries(), this.readSeq(), this.me(), this.inView()),
  );

  protected readonly scroller = viewChild.required<ElementRef<HTMLElement>>('scroller');
  private readonly virtualizer = viewChild(Virtualizer);

  constructor() {
    effect(
      () =>
        this.shown() &&
        onceMeasured(() => {
          this.settled.set(true);
          this.lookSoon();
        }),
    );
    inject(DestroyRef).onDestroy(() => (this.gone = true));
    let last: string | undefined;
    effect(() => {
      const entries = this.entries();
      const index = last === undefined ? -1 : entries.findLastIndex(({ key }) => key === last);
      last = entries.at(-1)?.key;
      if (index >= 0 && index < entries.length - 1 && untracked(this.settled) && untracked(this.atEnd))
        this.motion.welcome(index);
    });
    afterNextRender(() =>
      this.scroller().nativeElement.addEventListener('click', (event) => this.pick(event), true),
    );
    afterNextRender(() =>
      this.scroller().nativeElement.addEventListener('pointerover', () => void this.listen(), { once: true }),
    );
    afterNextRender(() => onLongPress(this.scroller().nativeElement, (on, at) => this.ask(on, at)));
    let reached: Target | null = null;
    afterRenderEffect(() => {
      const target = this.target();
      const key = this.entries().find(({ message }) => message && message.seq === target?.seq)?.key;
      if (!target || target === reached || !key || !this.virtualizer()) return;
      reached = target;
      untracked(() => this.pointOut(key));
    });
    afterRenderEffect(() => {
      this.entries();
      const [start, list] = [this.start(), this.virtualizer()];
      untracked(() => {
        if (start && list) this.beginAt(start);
        else if (this.atEnd()) this.toEnd();
        this.lookSoon();
      });
      // At the very top no scrolling asks for more, so the arrival of a page does.
      this.reachUp();
    });
  }

  /** Hears what is double-clicked and swiped, from when a pointer first comes. */
  private async listen(): Promise<void> {
    const rare = await import('../../rare').catch(() => null);
    rare?.onReplyGestures(this.scroller().nativeElement, (on) => {
      const entry = this.entries().find((entry) => entry.key === keyAt(on));
      if (entry?.message && !entry.message.deletedAt && this.open() && !this.selecting()?.active())
        this.reply.emit(entry);
    });
  }

  /** Goes to the end and stays there: after a message of one's own. */
  follow(): void {
    if (this.apart()) return this.latest.emit();
    this.atEnd.set(true);
    // In place of the message that the list may still be on its way to while lines are measured.
    if (this.leading) this.virtualizer()?.scrollTo(Number.MAX_SAFE_INTEGER);
    this.leading = false;
    this.toEnd();
  }

  /** Brings a message into the window. */
  show(key: string, align: 'nearest' | 'center' = 'nearest'): void {
    const index = this.entries().findIndex((entry) => entry.key === key);
    if (index >= 0) this.virtualizer()?.scrollToIndex(index, { align });
  }

  protected quoteOf({ replyTo }: Entry) {
    return replyTo ? (this.byId().get(replyTo) ?? this.quotes().get(replyTo) ?? undefined) : undefined;
  }

  protected scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller().nativeElement;
    const away = scrollHeight - clientHeight - scrollTop;
    if (this.settled() && Math.abs(scrollTop - this.offset) > 1 && !(this.atEnd() && away <= NEAR_END))
      this.motion.move();
    // Only somebody who scrolls up leaves the end; a list that grows below them does not.
    if (this.apart()) {
      if (away <= NEAR_START) this.newer.emit();
    } else if (away <= NEAR_END) this.atEnd.set(true);
    else if (scrollTop < this.offset - 1) this.atEnd.set(false);
    this.offset = scrollTop;
    this.reachUp();
    this.lookSoon();
  }

  protected resized(): void {
    if (this.atEnd()) this.toEnd();
    this.lookSoon();
  }

  protected key(event: KeyboardEvent): void {
    if (!(event.target as HTMLElement).matches('.message') || event.ctrlKey || event.metaKey || event.altKey)
      return;
    const entry = this.cursor.entry();
    const next = this.cursor.move(event.key);
    // A letter after a press on a message is the beginning of a text.
    if (this.cursor.pressed && /^[rec]$/.test(event.key)) return;
    if (next) this.focusOn(next);
    else if (this.pickByKey(event.key, entry)) return event.preventDefault();
    else if (event.key === 'r' && entry?.message && this.open()) this.reply.emit(entry);
    else if (event.key === 'e' && entry?.own && this.open()) this.edit.emit(entry);
    else if (event.key === 'c' && entry?.text) void copyText(entry.text);
    else if (['Enter', 'ContextMenu'].includes(event.key) || (event.key === 'F10' && event.shiftKey))
      this.ask(event.target as Element, below(event.target as Element));
    else if (event.key === 'Escape') this.leave.emit();
    else return;
    event.preventDefault();
  }

  private pickByKey(key: string, entry: Entry | undefined): boolean {
    const selecting = this.selecting();
    if (!selecting?.active() || ![' ', 'Enter', 'Escape'].includes(key)) return false;
    if (key === 'Escape') selecting.end();
    else if (entry) selecting.toggle(entry);
    return true;
  }

  /** While one selects, a press on a message does nothing else: no link is followed, no picture opened. */
  private pick(event: MouseEvent): void {
    if (!this.selecting()?.active()) return;
    const key = keyAt(event.target);
    const entry = this.entries().find((entry) => entry.key === key);
    if (!entry) return;
    event.preventDefault();
    event.stopPropagation();
    this.selecting()?.toggle(entry);
  }

  /** The menu of the message that an element is part of. */
  private ask(on: Element, at: Anchor): void {
    const key = keyAt(on);
    const entry = this.entries().find((entry) => entry.key === key);
    if (entry?.message && !entry.message.deletedAt) this.menu.emit({ entry, at });
  }

  protected jump(id: string): void {
    const key = this.entries().find(({ message }) => message?.id === id)?.key;
    if (key) this.pointOut(key);
    else this.far.emit(id);
  }

  /** In the middle of the window, and marked for a moment. */
  protected pointOut(key: string): void {
    this.atEnd.set(false);
    this.leading = true;
    this.show(key, 'center');
    clearTimeout(this.marking);
    this.marked.set(key);
    this.marking = setTimeout(() => this.marked.set(null), MARKED_FOR);
  }

  /** With this message at the top, and a little of what was read above it. */
  private beginAt(key: string): void {
    const index = this.entries().findIndex((entry) => entry.key === key);
    this.atEnd.set(false);
    this.leading = true;
    this.virtualizer()?.scrollToIndex(index, { align: 'start', offset: -CONTEXT });
    this.begun.emit();
  }

  /** Looks once lines that came are measured: before that, more of them seem to be in the window than are. */
  protected lookSoon(): void {
    if (this.looking) return;
    this.looking = true;
    let waiting = true;
    onceMeasured(() => {
      if (!waiting || this.gone) return;
      waiting = this.looking = false;
      this.look();
    });
  }

  /** Tells how far the person has read: only what is in the window, and only while somebody looks at it. */
  private look(): void {
    const list = this.virtualizer();
    if (!list || !this.settled()) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller().nativeElement;
    // What is short enough to be seen whole never scrolls.
    if (!this.apart() && scrollHeight - clientHeight - scrollTop <= NEAR_END) this.atEnd.set(true);
    const last = this.atEnd()
      ? this.entries().length - 1
      : list.findItemIndex(list.scrollOffset + list.viewportSize) - 1;
    const first = list.findItemIndex(list.scrollOffset);
    this.inView.set({ first, last });
    const topmost = this.entries()[first];
    const headed = topmost?.startsDay && list.scrollOffset - list.getItemOffset(first) < HEADING;
    this.day.set(headed ? null : (topmost?.time ?? null));
    if (document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const seq = readThrough(this.entries(), this.readSeq(), this.thread().top, this.inView());
    if (seq > 0) this.seen.emit(seq);
  }

  private focusOn({ key }: Entry): void {
    this.show(key);
    setTimeout(() => {
      // The next key may have led elsewhere meanwhile, as to the composer.
      if (!document.activeElement?.matches('body, .message')) return;
      this.scroller()
        .nativeElement.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
        ?.focus({ preventScroll: true });
    });
  }

  /**
   * Asks for what lies above, before one is there; not while the list goes to a message, which that would
   * push away.
   */
  private reachUp(): void {
    const { loading, failure } = this.thread();
    // What failed is tried again when the person says so, not with every movement.
    if (loading || failure || this.marked() !== null || !this.settled() || this.entries().length === 0)
      return;
    if (this.scroller().nativeElement.scrollTop < NEAR_START) this.older.emit();
  }

  private toEnd(): void {
    const { nativeElement } = this.scroller();
    nativeElement.scrollTop = nativeElement.scrollHeight;
  }
}
