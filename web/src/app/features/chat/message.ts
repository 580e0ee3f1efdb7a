import { NgTemplateOutlet } from '@angular/common';
import {
  Component,
  computed,
  effect,
  inject,
  input,
  linkedSignal,
  output,
  signal,
  untracked,
} from '@angular/core';

import { BASE } from '../../core/base';
import { Clock } from '../../core/clock';
import { blocksOf, linesOf } from '../../core/format/blocks';
import { fold } from '../../core/format/fold';
import { LinkFinder } from '../../core/format/link-finder';
import { emojiOnly, segments } from '../../core/format/text';
import { clockTime, dayHeading, fullTime } from '../../core/format/time';
import { linkToUser, sameUser } from '../../core/handle';
import { boxesOf } from '../../data/attachments/boxes';
import { carried, summary } from '../../data/attachments/summary';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Quotes } from '../../data/messages/quotes';
import type { Entry } from '../../data/messages/timeline';
import { Outbox } from '../../data/outbox/outbox';
import { ShownPerson } from '../../data/people/shown-person';
import { excess, tooLongBy } from '../../data/outbox/too-long';
import type { Message } from '../../protocol/protocol';
import { AttachmentView, CodeBlock, Reactions } from '../../rare';
import { type Anchor, below } from '../../ui/anchor';
import { Avatar, hueOf } from '../../ui/avatar';
import { Icon } from '../../ui/icon';
import { TickMark, tickName } from '../../ui/tick-mark';
import type { Wanted } from './message-menu';
import { messageWords } from './message-words';
import { Unfolded } from './unfolded';

/** One message: its day's heading where it is the first, the bubble, and what can be done with it. */
@Component({
  selector: 'aldis-message',
  imports: [AttachmentView, Avatar, CodeBlock, Icon, NgTemplateOutlet, Reactions, TickMark],
  templateUrl: './message.html',
  host: {
    '[class.own]': 'entry().own',
    '[class.starts]': 'entry().startsGroup || divided()',
    '[class.ends]': 'entry().endsGroup',
    '[class.marked]': 'marked()',
    '[class.selected]': 'selected()',
    '[class.fresh]': 'fresh()',
    '[class.in-group]': 'group()',
  },
})
export class MessageView {
  protected readonly words = messageWords();
  private readonly quotes = inject(Quotes);
  private readonly outbox = inject(Outbox);
  protected readonly unkept = this.outbox.unkept;
  private readonly links = inject(LinkFinder);
  protected readonly unfolded = inject(Unfolded);
  protected readonly me = inject(ConversationStore).me;
  protected readonly person = inject(ShownPerson);
  private readonly now = inject(Clock).day;

  readonly entry = input.required<Entry>();
  /** The message it answers, once that is found. */
  readonly quoted = input<Message>();
  readonly names = input.required<ReadonlyMap<string, string>>();
  /**
   * Set on the very first message: with whom. It is part of the line, so that nothing moves when it is known.
   */
  readonly beginning = input('');
  /** The one message of the list that the Tab key reaches. */
  readonly reachable = input(false);
  /** Pointed out, after a jump to it. */
  readonly marked = input(false);
  /** Chosen among others, to do something with all of them. */
  readonly selected = input(false);
  /** It came a moment ago. */
  readonly fresh = input(false);
  /** In a group the sender is named. */
  readonly group = input(false);
  /** Whether one may still write here. */
  readonly open = input(true);
  /** The first unread one: “New messages” stands before it. */
  readonly divided = input(false);
  readonly reply = output<Entry>();
  /** One that was refused goes back into the field. */
  readonly rewrite = output<Entry>();
  readonly menu = output<Wanted>();
  readonly jump = output<string>();
  /** Another day is looked for, from this one on. */
  readonly calendar = output<Date>();

  /** Whether the pointer is over it: its buttons are made when they are wanted. */
  protected readonly under = signal(false);
  protected readonly below = below;
  protected readonly sameUser = sameUser;
  protected readonly addressOf = (username: string) => BASE + linkToUser(username);
  protected readonly name = computed(() =>
    this.entry().own ? this.words.you : (this.names().get(this.entry().sender) ?? this.entry().sender),
  );
  protected readonly deleted = computed(() => this.entry().message?.deletedAt !== undefined);
  protected readonly boxes = computed(() => boxesOf(this.deleted() ? [] : (this.entry().attachments ?? [])));
  /** The time lies on the pictures: nothing stands below them. */
  protected readonly over = computed(() => {
    const { width, videos, files } = this.boxes();
    return width !== undefined && videos.length === 0 && files.length === 0 && !this.entry().text;
  });
  private readonly parts = computed(() => fold(blocksOf(this.entry().text)));
  /** The text, in parts as far as they are shown: a long one is not laid out at once. */
  protected readonly shown = computed(() =>
    this.parts()
      .slice(0, this.unfolded.count(this.entry().key))
      .map((part) =>
        part.map((block) => ({
          ...block,
          lines: linesOf(block).map((line) => ({
            ...line,
            segments: segments(line.text, this.entry().message?.mentions, this.links.of(line.text)),
          })),
        })),
      ),
  );
  protected readonly folded = computed(() => this.shown().length < this.parts().length);
  protected readonly hue = computed(() => hueOf(this.entry().sender));
  protected readonly reacted = computed(
    () => !this.deleted() && Object.keys(this.entry().message?.reactions ?? {}).length > 0,
  );
  /** Its first reaction came while one looked. */
  protected readonly rising = linkedSignal<boolean, boolean>({
    source: this.reacted,
    computation: (now, before) => now && before?.source === false,
  });
  protected readonly large = computed(() => !this.entry().replyTo && emojiOnly(this.entry().text));
  protected readonly day = computed(() => dayHeading(this.entry().time, this.now()));
  protected readonly time = computed(() => clockTime(this.entry().time));
  protected readonly when = fullTime;
  protected readonly exact = computed(() => fullTime(this.entry().time));
  protected readonly label = computed(() => {
    const { text, attachments, tick, message } = this.entry();
    const state = tick ? `, ${tickName(tick).toLowerCase()}` : '';
    const edited = message?.editedAt ? `, ${this.words.edited}` : '';
    const said = this.deleted()
      ? this.words.goneAloud
      : [carried(attachments), text].filter(Boolean).join(': ');
    const selected = this.selected() ? `${this.words.selected}, ` : '';
    return `${selected}${this.name()}, ${this.time()}${edited}${state}: ${said}`;
  });
  protected readonly quote = computed(() => {
    const id = this.entry().replyTo;
    if (!id) return null;
    const quoted = this.quoted();
    // Its place is taken at once, so that nothing moves when it is found.
    if (!quoted) return { id, who: '…', text: '…' };
    const who = sameUser(quoted.sender, this.me)
      ? this.words.you
      : (this.names().get(quoted.sender) ?? quoted.sender);
    return { id, who, text: quoted.deletedAt ? this.words.goneQuote : summary(quoted) };
  });

  constructor() {
    effect(() => {
      const { replyTo, message } = this.entry();
      if (replyTo && message && !this.quoted())
        void untracked(() => this.quotes.find(message.conversationId, replyTo));
    });
  }

  /** A plain press opens the person's card; others, as for a new tab, are the browser's. */
  protected about(event: MouseEvent, username: string): void {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.person.show(username);
  }

  /** Why the server refused it, in terms of what one can see. */
  protected readonly refusal = computed(() => {
    const { pending, text } = this.entry();
    const over = pending?.problem?.code === 'text_too_long' ? excess(text) : 0;
    return over > 0 ? tooLongBy(over) : pending?.problem?.detail;
  });

  protected retry(): void {
    void this.outbox.retry(this.entry().pending?.clientId ?? '');
  }

  protected discard(): void {
    void this.outbox.remove(this.entry().pending?.clientId ?? '');
  }

  /** The menu, where the pointer is; with Shift, and on a link or selected text, it is the browser's own. */
  protected contextMenu(event: MouseEvent): void {
    const selected = getSelection();
    if (event.shiftKey || (event.target as Element).closest('a') || (selected && !selected.isCollapsed))
      return;
    if (this.ask({ x: event.clientX, y: event.clientY })) event.preventDefault();
  }

  protected ask(at: Anchor): boolean {
    const entry = this.entry();
    if (!entry.message || this.deleted()) return false;
    this.menu.emit({ entry, at });
    return true;
  }
}
