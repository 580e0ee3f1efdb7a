import { Component, computed, inject, input, output, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';

import { chatWith } from '../../core/chat-key';
import { copyText, notCopied } from '../../core/copy';
import { linkToUser } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import { isPicture } from '../../data/attachments/boxes';
import { Files } from '../../data/attachments/files';
import { summary } from '../../data/attachments/summary';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { MessageChanges } from '../../data/messages/message-changes';
import { OwnReactions } from '../../data/messages/own-reactions';
import { PALETTE } from '../../data/messages/reaction';
import type { Entry } from '../../data/messages/timeline';
import { quoted } from '../../data/messages/private-reply';
import { Drafts } from '../../data/outbox/drafts';
import { Outbox } from '../../data/outbox/outbox';
import type { Attachment } from '../../protocol/protocol';
import type { Anchor } from '../../ui/anchor';
import { Confirm } from '../../ui/confirm';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Menu } from '../../ui/menu';
import { Chooser } from '../conversations/chooser';
import type { Row } from '../conversations/rows';
import { Report } from '../people/report';
import { mayDelete, mayForward } from './allowed';
import { EmojiPanel } from './emoji-panel';
import { MessageInfo } from './message-info';

/** A message whose menu is wanted, and where. */
export interface Wanted {
  readonly entry: Entry;
  readonly at: Anchor;
}

/**
 * What can be done with a message: react, reply, copy, save, forward, select, with one's own edit and look how far it
 * got, report what others wrote, and delete, also what others wrote in a group that one leads.
 */
@Component({
  selector: 'aldis-message-menu',
  imports: [Chooser, Confirm, Dialog, EmojiPanel, Icon, Menu, MessageInfo, Report],
  templateUrl: './message-menu.html',
})
export class MessageMenu {
  protected readonly words = {
    reply: $localize`Reply`,
    privately: $localize`Reply privately`,
    copy: $localize`Copy text`,
    copyImage: $localize`Copy image`,
    forward: $localize`Forward`,
    edit: $localize`Edit`,
    select: $localize`Select`,
    info: $localize`Info`,
    report: $localize`Report`,
    delete: $localize`Delete`,
    save: $localize`Save file`,
    saveAll: $localize`Save all files`,
    gone: $localize`It is deleted for everyone, and that cannot be taken back.`,
    with: (emoji: string) => $localize`React with ${emoji}:emoji:`,
  };
  private readonly changes = inject(MessageChanges);
  private readonly own = inject(OwnReactions);
  private readonly outbox = inject(Outbox);
  private readonly router = inject(Router);
  private readonly bytes = inject(Files);
  private readonly drafts = inject(Drafts);
  private readonly store = inject(ConversationStore);
  private working = false;

  readonly wanted = input.required<Wanted>();
  /** Whether one may still write here; else there are only copying, forwarding and its info. */
  readonly open = input(true);
  readonly reply = output<Entry>();
  readonly edit = output<Entry>();
  readonly picked = output<Entry>();
  readonly closed = output();

  protected readonly step = signal<'menu' | 'emoji' | 'forward' | 'info' | 'report' | 'delete' | 'failed'>(
    'menu',
  );
  protected readonly failure = signal('');
  protected readonly entry = computed(() => this.wanted().entry);
  protected readonly palette = computed(() => {
    const { message } = this.entry();
    return PALETTE.map((emoji) => ({ emoji, mine: message !== undefined && this.own.has(message, emoji) }));
  });
  protected readonly forwardable = computed(() => mayForward(this.entry()));
  protected readonly files = computed(() => this.entry().attachments ?? []);
  /** One picture, where this page may write to the clipboard. */
  protected readonly copyable = computed(() => {
    const [file, ...more] = this.files();
    const writes = 'ClipboardItem' in window && 'clipboard' in navigator;
    return file && more.length === 0 && isPicture(file) && writes ? file : null;
  });
  private readonly conversations = toSignal(this.store.conversations$, { requireSync: true });
  private readonly group = computed(() => {
    const id = this.entry().message?.conversationId;
    return this.conversations().find((one) => one.id === id && one.kind === 'group');
  });
  /** In a group, somebody else wrote it. */
  protected readonly fromOther = computed(() => !this.entry().own && this.group() !== undefined);
  protected readonly reportable = computed(() => !this.entry().own && this.entry().message !== undefined);
  protected readonly deletable = computed(
    () => this.open() && mayDelete(this.entry(), this.group(), this.store.me),
  );
  protected readonly remove = () => this.changes.remove(this.entry().message!);

  protected react(emoji: string): void {
    const { message } = this.entry();
    if (message) void this.own.react(message, emoji);
  }

  protected async copy(): Promise<void> {
    if (!(await copyText(this.entry().text))) throw new Failure(null, notCopied());
  }

  protected copyImage(picture: Attachment): Promise<void> {
    return this.bytes.copy(picture);
  }

  protected async save(): Promise<void> {
    for (const file of this.files()) await this.bytes.save(file);
  }

  /** Says what failed; the menu has closed by then. */
  protected async attempt(work: Promise<void>): Promise<void> {
    this.working = true;
    try {
      await work;
      this.closed.emit();
    } catch (error) {
      this.failure.set(explain(error));
      this.step.set('failed');
    }
  }

  protected forward(rows: readonly Row[]): void {
    this.outbox.forward(
      rows.map(({ chat }) => chat),
      [this.entry()],
    );
    const [only, ...others] = rows;
    if (only && others.length === 0) void this.router.navigate(only.link);
  }

  /** To whom wrote it, with what they wrote above what is written there already. */
  protected replyPrivately(): void {
    const chat = chatWith(this.entry().sender);
    this.drafts.keep(chat, quoted(summary(this.entry()), this.drafts.of(chat)));
    void this.router.navigateByUrl(linkToUser(this.entry().sender));
  }

  /** The menu closes with every choice; some of them go on in a dialog. */
  protected menuClosed(): void {
    // Closed before the choice does its work.
    setTimeout(() => {
      if (this.step() === 'menu' && !this.working) this.closed.emit();
    });
  }
}
