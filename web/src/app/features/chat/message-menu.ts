import { Component, computed, inject, input, output, signal } from '@angular/core';
import { addressOf } from '../../core/chat-key';
import { Router } from '@angular/router';

import { MessageChanges } from '../../data/messages/message-changes';
import { OwnReactions } from '../../data/messages/own-reactions';
import { PALETTE } from '../../data/messages/reaction';
import type { Entry } from '../../data/messages/timeline';
import { Outbox } from '../../data/outbox/outbox';
import type { Anchor } from '../../ui/anchor';
import { Confirm } from '../../ui/confirm';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Menu } from '../../ui/menu';
import { Chooser } from '../conversations/chooser';
import type { Row } from '../conversations/rows';
import { EmojiPicker } from './emoji-picker';
import { MessageInfo } from './message-info';

/** A message whose menu is wanted, and where. */
export interface Wanted {
  readonly entry: Entry;
  readonly at: Anchor;
}

/**
 * What can be done with a message: react, reply, copy, forward, and with one's own edit, look how far it got,
 * and delete.
 */
@Component({
  selector: 'aldis-message-menu',
  imports: [Chooser, Confirm, Dialog, EmojiPicker, Icon, Menu, MessageInfo],
  templateUrl: './message-menu.html',
})
export class MessageMenu {
  private readonly changes = inject(MessageChanges);
  private readonly own = inject(OwnReactions);
  private readonly outbox = inject(Outbox);
  private readonly router = inject(Router);

  readonly wanted = input.required<Wanted>();
  /** Whether one may still write here; else there are only copying, forwarding and its info. */
  readonly open = input(true);
  readonly reply = output<Entry>();
  readonly edit = output<Entry>();
  readonly closed = output();

  protected readonly step = signal<'menu' | 'emoji' | 'forward' | 'info' | 'delete'>('menu');
  protected readonly entry = computed(() => this.wanted().entry);
  protected readonly palette = computed(() => {
    const { message } = this.entry();
    return PALETTE.map((emoji) => ({ emoji, mine: message !== undefined && this.own.has(message, emoji) }));
  });
  /** Only who uploaded a file may send it. */
  protected readonly forwardable = computed(() => this.entry().own || !this.entry().attachments?.length);
  protected readonly remove = () => this.changes.remove(this.entry().message!);

  protected react(emoji: string): void {
    const { message } = this.entry();
    if (message) void this.own.react(message, emoji);
  }

  protected copy(): void {
    void navigator.clipboard?.writeText(this.entry().text);
  }

  protected forward({ chat, link }: Row): void {
    const { text, attachments } = this.entry();
    void this.outbox.send(addressOf(chat), text, undefined, attachments);
    void this.router.navigate(link);
  }

  /** The menu closes with every choice; some of them go on in a dialog. */
  protected menuClosed(): void {
    if (this.step() === 'menu') this.closed.emit();
  }
}
