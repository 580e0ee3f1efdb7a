import { Location } from '@angular/common';
import {
  afterRenderEffect,
  Component,
  computed,
  effect,
  inject,
  input,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Title } from '@angular/platform-browser';
import { Router } from '@angular/router';

import { type Address, chatAt } from '../../core/chat-key';
import { Api } from '../../core/api/api';
import { breath } from '../../core/breath';
import { sameUser, withoutUser } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import {
  chatOf,
  conversationOf,
  cursorsOf,
  peer,
  roleOf,
  titleOf,
} from '../../data/conversations/conversation';
import { around } from '../../core/language/around';
import { ChatFlags } from '../../data/conversations/chat-flags';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Groups } from '../../data/groups/groups';
import { MessageChanges } from '../../data/messages/message-changes';
import { MessageStore } from '../../data/messages/message-store';
import { Receipts } from '../../data/messages/receipts';
import { EMPTY } from '../../data/messages/thread';
import { type Entry, timeline } from '../../data/messages/timeline';
import { Outbox } from '../../data/outbox/outbox';
import type { Written } from '../../data/outbox/pending';
import { Blocks } from '../../data/people/blocks';
import { SearchPanel } from '../../data/search/search-panel';
import type { User } from '../../protocol/protocol';
import { ChatSearch, DayPicker, Details, MessageMenu, SelectionBar } from '../../rare';
import { Avatar } from '../../ui/avatar';
import { covered } from '../../ui/covered';
import { Icon } from '../../ui/icon';
import { PresenceDot } from '../people/presence-dot';
import { allMembers, allNames } from './all-members';
import { canonicalAddress } from './canonical-address';
import { ChatStatus } from './chat-status';
import { Composer } from './composer';
import { Composing } from './composing';
import { MessageList } from './message-list';
import type { Wanted } from './message-menu';
import { Panel } from './panel';
import { ScrollPosition } from './scroll-position';
import { Selecting } from './selecting';
import { systemMessages } from './system-messages';

/** One conversation: its head, its messages, and the composer. */
@Component({
  selector: 'aldis-chat',
  imports: [
    Avatar,
    ChatSearch,
    ChatStatus,
    Composer,
    DayPicker,
    Details,
    Icon,
    MessageList,
    MessageMenu,
    PresenceDot,
    SelectionBar,
  ],
  templateUrl: './chat.html',
  host: {
    '[class.with-details]': 'panel.open()',
    '(document:keydown.escape)': 'leave($event)',
    '(document:keydown.control.f)': 'findBy($event)',
    '(document:keydown.meta.f)': 'findBy($event)',
  },
})
export class Chat {
  protected readonly words = {
    nobody: (address: string) => $localize`Nobody here is called ${address}:address:`,
    youBlocked: around((name) => $localize`You have blocked ${name}:name:.`),
    spelling: $localize`Check the spelling, or ask them for their username.`,
    missing: $localize`This conversation is not there`,
    notYours: $localize`It does not exist, or you are not part of it.`,
    back: $localize`Back to your conversations`,
    failed: $localize`This did not load`,
    again: $localize`Try again`,
    unblock: $localize`Unblock`,
    noMember: $localize`You are no longer a member of this group.`,
    stays: $localize`What was written until then stays here.`,
    remove: $localize`Remove from your list`,
  };
  private readonly api = inject(Api);
  private readonly location = inject(Location);
  private readonly router = inject(Router);
  private readonly tab = inject(Title);
  private readonly store = inject(ConversationStore);
  private readonly messages = inject(MessageStore);
  private readonly outbox = inject(Outbox);
  private readonly receipts = inject(Receipts);
  private readonly changes = inject(MessageChanges);
  private readonly groups = inject(Groups);
  private readonly blocks = inject(Blocks);
  private readonly flags = inject(ChatFlags);
  protected readonly panel = inject(Panel);
  private readonly search = inject(SearchPanel);

  /** From the address: a group by its id, or the other one of two by their username. */
  readonly id = input<string>();
  readonly username = input<string>();

  protected readonly me = this.store.me;
  private readonly conversations = toSignal(this.store.state$, { requireSync: true });
  private readonly threads = toSignal(this.messages.threads$, { requireSync: true });
  private readonly pending = toSignal(this.outbox.pending$, { requireSync: true });
  private readonly person = signal<User | null>(null);
  /** Whom the address names, where there is no conversation with them yet. */
  private readonly found = computed(() =>
    sameUser(this.person()?.username, this.username()) ? this.person() : null,
  );

  private readonly asked = computed(() => chatAt({ receiver: this.username(), conversationId: this.id() }));
  protected readonly conversation = computed(() =>
    conversationOf(this.conversations().items, this.asked(), this.me),
  );
  protected readonly key = computed(() =>
    this.conversation() ? chatOf(this.conversation()!, this.me) : this.asked(),
  );
  private readonly conversationId = computed(() => this.conversation()?.id);
  /** It is searched for words. */
  protected readonly finding = computed(
    () => this.conversationId() !== undefined && this.search.within() === this.conversationId(),
  );
  protected readonly readSeq = computed(() =>
    this.conversation() ? cursorsOf(this.conversation()!, this.me).readSeq : 0,
  );
  protected readonly handle = computed(() => {
    const conversation = this.conversation();
    return conversation ? peer(conversation, this.me)?.username : (this.found()?.username ?? this.username());
  });
  private readonly address = computed((): Address =>
    this.handle() === undefined ? { conversationId: this.id() ?? '' } : { receiver: this.handle()! },
  );
  protected readonly title = computed(() =>
    this.conversation()
      ? titleOf(this.conversation()!, this.me)
      : (this.found()?.displayName ?? this.username() ?? ''),
  );
  protected readonly members = allMembers(this.conversation);
  protected readonly names = allNames(this.members);
  /** The server is asked who the address names. */
  private readonly looking = signal(false);
  /** Why there is nothing to show, where that is so. */
  protected readonly problem = signal<'missing' | string | null>(null);
  /** A conversation that has not begun has no history to wait for. */
  protected readonly thread = computed(() => {
    const id = this.conversationId();
    return this.position.thread(
      id
        ? (this.threads().get(id) ?? EMPTY)
        : { ...EMPTY, loading: this.conversations().loading || this.looking(), top: true },
    );
  });
  protected readonly notes = systemMessages(
    this.conversation,
    this.thread,
    computed(() => this.position.excerpt() !== null),
    this.names,
  );
  protected readonly entries = computed(() => {
    const others = withoutUser(this.conversation()?.members ?? [], this.me);
    const mine = this.position.excerpt()
      ? []
      : this.pending().filter((pending) => chatAt(pending) === this.key());
    return timeline(this.thread().messages, mine, this.me, others, this.notes());
  });

  protected readonly selecting = new Selecting(this.entries);
  protected readonly composing = new Composing(this.entries, this.changes);
  private readonly refused = toSignal(this.changes.failure$, { requireSync: true });
  protected readonly failure = computed(() => this.composing.failure() || this.refused());
  protected readonly wanted = signal<Wanted | null>(null);
  /** The day from which another one is looked for. */
  protected readonly day = signal<Date | null>(null);
  protected readonly group = computed(() => this.conversation()?.kind === 'group');
  /** Taken out of the group: what was said stays, and nothing more can be. */
  protected readonly open = computed(
    () => !this.conversation() || roleOf(this.conversation()!, this.me) !== undefined,
  );
  private readonly allBlocked = toSignal(this.blocks.blocked$, { requireSync: true });
  protected readonly blocked = computed(() => this.allBlocked().has(this.handle() ?? ''));

  protected readonly position: ScrollPosition = new ScrollPosition({
    me: this.me,
    key: this.key,
    conversation: this.conversation,
    entries: this.entries,
    thread: this.thread,
    atEnd: () => this.list()?.atEnd() ?? true,
  });

  private readonly list = viewChild(MessageList);
  protected readonly composer = viewChild(Composer);

  /** The frame is painted before the messages in it. */
  protected readonly framed = signal(false);

  constructor() {
    void breath().then(() => this.framed.set(true));
    effect(() => this.tab.setTitle(`${this.title()} · Aldis`));
    canonicalAddress(this.username, this.handle);
    effect(() => {
      this.key();
      untracked(() => this.composing.cancel());
      untracked(() => this.selecting.end());
      untracked(() => this.flags.set('unread', this.key(), false));
    });
    effect((left) => {
      const id = this.conversationId();
      left(() => this.search.within() === id && this.search.within.set(null));
    });
    effect(() => {
      const id = this.conversationId();
      if (id) void untracked(() => this.messages.open(id));
    });
    // After the lines that came: the list takes what goes above by itself.
    afterRenderEffect(() => {
      const id = this.conversationId();
      this.thread();
      if (id && this.list()?.atEnd()) untracked(() => this.messages.settle(id));
    });
    effect(() => {
      this.key();
      const unknown = !this.conversationId() && !this.conversations().loading;
      // Who was found at an address in another case is known at the canonical one.
      untracked(() => {
        if (unknown && !this.found()) return void this.lookUp();
        this.problem.set(null);
        this.looking.set(false);
      });
    });
  }

  protected async lookUp(): Promise<void> {
    const [key, username] = [this.key(), this.username()];
    this.problem.set(null);
    this.looking.set(true);
    try {
      if ((await this.store.resolve(key)) || !username) return;
      const person = await this.api.user(username);
      if (key === this.key()) this.person.set(person);
    } catch (error) {
      // Found meanwhile, as in what this browser holds.
      if (key !== this.key() || this.conversationId()) return;
      const missing = error instanceof Failure && error.code === 'not_found';
      // Somebody who was written to stays reachable here while the server is not.
      if (missing || this.entries().length === 0) this.problem.set(missing ? 'missing' : explain(error));
    } finally {
      if (key === this.key()) this.looking.set(false);
    }
  }

  protected back(): void {
    this.selecting.end();
    const before = this.router.lastSuccessfulNavigation()?.previousNavigation?.finalUrl?.toString();
    if (before === '/') this.location.back();
    else void this.router.navigateByUrl('/', { replaceUrl: true });
  }

  protected headPressed({ target }: Event): void {
    // A name that is selected is to be copied.
    if (this.open() && !(target as Element).closest('button') && getSelection()?.isCollapsed !== false)
      this.panel.toggle();
  }

  protected find(): void {
    this.search.within.set(this.conversationId() ?? null);
  }

  /** In the bar itself, and beside the chat, the key is the browser's. */
  protected findBy(event: Event): void {
    const on = event.target as Element;
    if (covered() || !this.conversationId() || on.closest('aldis-chat-search, .sidebar')) return;
    event.preventDefault();
    this.find();
  }

  /** Esc, where nothing else takes it, closes what was begun or opened; then it leads to the end, and out. */
  protected leave(event: Event): void {
    const free = event.target === document.body || (event.target as Element).closest('aldis-composer');
    // Whoever selects has pressed a message or a button of the bar last.
    if (event.defaultPrevented || !(free || this.selecting.active()) || covered()) return;
    event.preventDefault();
    if (this.selecting.active()) this.selecting.end();
    else if (this.composing.active()) this.composing.cancel();
    else if (this.panel.open()) this.panel.close();
    else if (this.list() && !this.list()!.atEnd()) this.list()!.follow();
    else this.back();
  }

  /** Whether somebody selected. */
  endSelecting(): boolean {
    const active = this.selecting.active();
    this.selecting.end();
    return active;
  }

  protected older(): void {
    const id = this.conversationId();
    if (!id || this.position.older()) return;
    if (this.thread().from === null) void this.messages.open(id);
    else void this.messages.older(id);
  }

  protected seen(seq: number): void {
    const id = this.conversationId();
    if (id) this.receipts.read(id, seq);
  }

  /** Everything that is here counts as read, seen or not. */
  protected endUnread(): void {
    this.seen(this.conversation()?.lastMessage?.seq ?? 0);
    this.flags.set('unread', this.key(), false);
  }

  protected reply(entry: Entry): void {
    this.composing.reply(entry);
    this.composer()?.focus();
  }

  /** What was refused is written anew. It stays in the outbox until its text is in the field. */
  protected rewrite({ pending, text, replyTo }: Entry): void {
    if (!pending || !this.composer()?.put(text)) return;
    void this.outbox.remove(pending.clientId);
    const answered = this.entries().find(({ message }) => message && message.id === replyTo);
    if (answered) this.composing.reply(answered);
  }

  protected edit(entry: Entry | undefined): void {
    if (entry && this.composing.edit(entry)) this.composer()?.focus();
  }

  protected stepReply(direction: 1 | -1): void {
    const entry = this.composing.step(direction);
    if (!entry) return this.composing.replying.set(null);
    this.reply(entry);
    this.list()?.show(entry.key);
  }

  protected async unblock(): Promise<void> {
    await this.blocks
      .unblock(this.handle() ?? '')
      .catch((error: unknown) => this.composing.failure.set(explain(error)));
  }

  protected async forget(): Promise<void> {
    const id = this.conversationId();
    await this.router.navigateByUrl('/', { replaceUrl: true });
    if (id) await this.groups.forget(id);
  }

  protected async send({ text, attachments }: Written): Promise<void> {
    const replyTo = this.composing.replying()?.message?.id;
    this.composing.cancel();
    // Who answers has read.
    this.endUnread();
    this.position.latest();
    this.list()?.follow();
    await this.outbox.send(this.address(), text, replyTo, attachments);
  }
}
