import { Component, computed, inject, input, linkedSignal, output, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';

import { explain } from '../../core/http/problem';
import { serverNow } from '../../core/http/server-time';
import { ChatFlags } from '../../data/conversations/chat-flags';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Groups } from '../../data/groups/groups';
import { Receipts } from '../../data/messages/receipts';
import { SearchPanel } from '../../data/search/search-panel';
import type { Conversation, ConversationId } from '../../protocol/protocol';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Menu } from '../../ui/menu';
import { LeaveGroup } from '../groups/leave-group';
import type { WantedRow } from './rows';

const HOUR = 3_600_000;

/** What can be done with a conversation in the list. */
@Component({
  selector: 'aldis-conversation-menu',
  imports: [Dialog, Icon, LeaveGroup, Menu],
  templateUrl: './conversation-menu.html',
})
export class ConversationMenu {
  protected readonly words = {
    pin: $localize`Pin`,
    unpin: $localize`Unpin`,
    remove: $localize`Remove from the list`,
    archive: $localize`Archive`,
    unarchive: $localize`Unarchive`,
    read: $localize`Mark as read`,
    unread: $localize`Mark as unread`,
    search: $localize`Search messages`,
    unmute: $localize`Unmute`,
    leave: $localize`Leave group`,
  };
  private readonly flags = inject(ChatFlags);
  private readonly groups = inject(Groups);
  private readonly panel = inject(SearchPanel);
  private readonly receipts = inject(Receipts);
  private readonly router = inject(Router);
  private readonly store = inject(ConversationStore);

  readonly wanted = input.required<WantedRow>();
  readonly closed = output();

  protected readonly label = computed(() => $localize`Actions for ${this.row().title}:conversation:`);
  /** For how long one may mute; the last one until one says otherwise. */
  protected readonly spans = [
    { name: $localize`Mute for an hour`, span: HOUR },
    { name: $localize`Mute for a day`, span: 24 * HOUR },
    { name: $localize`Mute always`, span: undefined },
  ];
  protected readonly step = signal<'menu' | 'leave' | 'failed'>('menu');
  protected readonly failure = signal('');
  protected readonly row = computed(() => this.wanted().row);
  private readonly all = toSignal(this.store.conversations$, { requireSync: true });
  /** Nothing where it waits for its first message to be sent. */
  protected readonly conversation = linkedSignal<Conversation | undefined, Conversation | undefined>({
    source: () => this.all().find(({ id }) => id === this.row().key),
    // Left, it is not in the list any more, and what is open is still about it.
    computation: (now, before) => now ?? (before?.value?.id === this.row().key ? before?.value : undefined),
  });
  protected readonly unread = computed(() => this.row().unread > 0 || this.row().marked);
  private waits = false;

  protected pin(): void {
    this.flags.set('pinned', this.row().chat, !this.row().pinned);
  }

  /** What comes later brings it back, unless it is muted. */
  protected archive(): void {
    const { chat, archived } = this.row();
    this.flags.set('archived', chat, !archived, this.conversation()?.lastMessage?.seq ?? 0);
    if (!archived) this.flags.set('pinned', chat, false);
  }

  protected read(): void {
    const { chat } = this.row();
    this.flags.set('unread', chat, !this.unread());
    const { id, lastMessage } = this.conversation()!;
    if (this.unread() && lastMessage) this.receipts.read(id, lastMessage.seq);
  }

  protected async search(id: ConversationId): Promise<void> {
    await this.router.navigate(this.row().link);
    this.panel.within.set(id);
  }

  protected mute(span: number | undefined): Promise<void> {
    return this.change({
      muted: true,
      ...(span ? { mutedUntil: new Date(serverNow() + span).toISOString() } : {}),
    });
  }

  protected unmute(): Promise<void> {
    return this.change({ muted: false });
  }

  private async change(change: { muted: boolean; mutedUntil?: string }): Promise<void> {
    this.waits = true;
    try {
      await this.groups.change(this.row().key, change);
      this.closed.emit();
    } catch (error) {
      this.failure.set(explain(error));
      this.step.set('failed');
    }
  }

  protected async forget(): Promise<void> {
    const { key, link } = this.row();
    if (this.router.url.split(/[?#]/)[0] === link.join('/'))
      await this.router.navigateByUrl('/', { replaceUrl: true });
    await this.groups.forget(key);
  }

  /** The menu closes with every choice; some of them go on in a dialog, or have an answer to wait for. */
  protected menuClosed(): void {
    // Closed before the choice does its work.
    setTimeout(() => {
      if (this.step() === 'menu' && !this.waits) this.closed.emit();
    });
  }
}
