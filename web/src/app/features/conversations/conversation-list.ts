import {
  afterNextRender,
  Component,
  computed,
  ElementRef,
  inject,
  linkedSignal,
  output,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router } from '@angular/router';
import { filter, map, startWith } from 'rxjs';

import { Clock } from '../../core/clock';
import { oneLine } from '../../core/format/text';
import { rowTime } from '../../core/format/time';
import { namesOf } from '../../core/handle';
import { plural } from '../../core/language/plural';
import { PendingAttachments } from '../../data/attachments/pending-attachments';
import { carried } from '../../data/attachments/summary';
import { ChatFlags } from '../../data/conversations/chat-flags';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { TypingStore, typingNote } from '../../data/live/typing-store';
import { Mentions } from '../../data/notifications/mentions';
import { Drafts } from '../../data/outbox/drafts';
import { Outbox } from '../../data/outbox/outbox';
import { Blocks } from '../../data/people/blocks';
import { Names } from '../../data/people/names';
import type { Conversation } from '../../protocol/protocol';
import { Newcomer } from '../../rare';
import { below } from '../../ui/anchor';
import { Avatar } from '../../ui/avatar';
import { Icon } from '../../ui/icon';
import { onLongPress } from '../../ui/long-press';
import { TickMark } from '../../ui/tick-mark';
import { PresenceDot } from '../people/presence-dot';
import { type Row, rows, type WantedRow } from './rows';

/** The list of conversations, in every state it can be in. */
@Component({
  selector: 'aldis-conversation-list',
  imports: [Avatar, Icon, Newcomer, PresenceDot, TickMark],
  templateUrl: './conversation-list.html',
})
export class ConversationList {
  protected readonly words = {
    muted: $localize`, muted`,
    blocked: $localize`, blocked`,
    pinned: $localize`, pinned`,
    draft: $localize`Draft:`,
    own: $localize`You:`,
    marked: $localize`Marked as unread`,
    loading: $localize`Loading conversations`,
    failed: $localize`Conversations did not load`,
    again: $localize`Try again`,
  };
  private readonly store = inject(ConversationStore);
  private readonly router = inject(Router);
  private readonly now = inject(Clock).day;
  readonly start = output<'new' | 'group'>();
  readonly menu = output<WantedRow>();

  protected readonly state = toSignal(this.store.state$, { requireSync: true });
  private readonly outbox = toSignal(inject(Outbox).pending$, { requireSync: true });
  private readonly former = inject(Names).known;
  private readonly flags = inject(ChatFlags);
  private readonly mentions = inject(Mentions);
  private readonly blocked = toSignal(inject(Blocks).blocked$, { requireSync: true });
  private readonly noted = computed(() => ({
    pinned: this.flags.with('pinned'),
    unread: this.flags.with('unread'),
    archived: this.flags.with('archived'),
    blocked: this.blocked(),
    mentions: (conversation: Conversation) => this.mentions.unread(conversation),
  }));
  protected readonly rows = computed(() =>
    rows(this.state().items, this.outbox(), this.store.me, this.former(), this.noted()),
  );
  /** What is not archived; what is has a part of its own. */
  protected readonly shown = computed(() => this.rows().filter(({ archived }) => !archived));
  readonly archived = computed(() => this.rows().filter(({ archived }) => archived));
  private readonly first = computed(() => this.shown()[0]?.key);
  /** The row that moved to the top last. */
  protected readonly risen = linkedSignal<string | undefined, string | undefined>({
    source: this.first,
    computation: (now, before) => (before?.source === undefined ? undefined : now),
  });
  private readonly drafts = toSignal(inject(Drafts).texts$, { requireSync: true });
  private readonly attached = toSignal(inject(PendingAttachments).chats$, { requireSync: true });
  private readonly typists = toSignal(inject(TypingStore).typists$, { requireSync: true });
  protected readonly skeletons = [0, 1, 2, 3, 4, 5];

  /** The address of what is open. The directives of the router for that weigh more than all of this list. */
  readonly here = toSignal(
    this.router.events.pipe(
      filter((event) => event instanceof NavigationEnd),
      startWith(null),
      map(() => this.router.url.split(/[?#]/)[0]),
    ),
  );

  private held = false;

  constructor() {
    const list = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    afterNextRender(() =>
      onLongPress(list, (on, at) => {
        const row = this.rows().find(({ key }) => key === on.closest('[data-row]')?.getAttribute('data-row'));
        if (!row) return;
        this.held = true;
        this.menu.emit({ row, at });
      }),
    );
    // The finger that opened the menu goes up.
    list.addEventListener('pointerdown', () => (this.held = false));
  }

  /** The menu of a row; with Shift it is the browser's own. */
  contextMenu(event: MouseEvent, row: Row): void {
    if (event.shiftKey) return;
    event.preventDefault();
    this.menu.emit({ row, at: { x: event.clientX, y: event.clientY } });
  }

  /** The same by the keyboard. */
  key(event: KeyboardEvent, row: Row): void {
    if (event.key !== 'ContextMenu' && !(event.key === 'F10' && event.shiftKey)) return;
    event.preventDefault();
    this.menu.emit({ row, at: below(event.target as Element) });
  }

  /** A plain press stays in this page; others, as for a new tab, are the browser's. */
  follow(event: MouseEvent, address: string): void {
    if (this.held) return event.preventDefault();
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void this.router.navigateByUrl(address);
  }

  /** To the conversation above or below the one that is open; from none to the first or the last. */
  step(direction: 1 | -1): void {
    const addresses = this.shown().map(({ link }) => link.join('/'));
    const index = addresses.indexOf(this.here() ?? '');
    const next = index < 0 ? addresses.at(direction > 0 ? 0 : -1) : addresses[index + direction];
    if (next) void this.router.navigateByUrl(next);
  }

  time(time: Date): string {
    return rowTime(time, this.now());
  }

  protected draftOf({ chat }: Row): string {
    return (
      oneLine(this.drafts().get(chat) ?? '') ||
      carried(
        this.attached()
          .get(chat)
          ?.files.map(({ file }) => file),
      )
    );
  }

  protected typingIn({ key, person }: Row): string {
    const typists = this.typists().get(key);
    if (!typists) return '';
    const members = person ? null : (this.store.find(key)?.members ?? []);
    return typingNote(typists, members && namesOf(members));
  }

  protected unread(count: number): string {
    return count > 999 ? '999+' : String(count);
  }

  protected unreadNote({ unread, mentions }: Row): string {
    return plural(
      unread,
      mentions > 0
        ? $localize`{count, plural, one {# unread, you are mentioned} other {# unread, you are mentioned}}`
        : $localize`{count, plural, one {# unread} other {# unread}}`,
    );
  }

  protected retry(): void {
    void this.store.refresh();
  }

  /** Near the end of the list its rest is asked for, if reading it had failed. */
  protected scrolled({ target }: Event): void {
    const { scrollTop, clientHeight, scrollHeight } = target as HTMLElement;
    if (scrollHeight - scrollTop - clientHeight < clientHeight) this.store.more();
  }
}
