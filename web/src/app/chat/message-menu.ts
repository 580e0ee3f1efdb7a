import { Component, computed, inject, input, output, signal } from '@angular/core';

import { ConversationStore } from '../conversations/conversation-store';
import { Confirm } from '../ui/confirm';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icon';
import type { Anchor } from '../ui/anchor';
import { Menu } from '../ui/menu';
import { MessageChanges } from './message-changes';
import { oneEmoji, PALETTE } from './reaction';
import type { Entry } from './timeline';

/** A message whose menu is wanted, and where. */
export interface Wanted {
  readonly entry: Entry;
  readonly at: Anchor;
}

/** What can be done with a message: react, reply, copy, and with one's own edit and delete. */
@Component({
  selector: 'aldis-message-menu',
  imports: [Confirm, Dialog, Icon, Menu],
  templateUrl: './message-menu.html',
})
export class MessageMenu {
  private readonly changes = inject(MessageChanges);
  private readonly me = inject(ConversationStore).me;

  readonly wanted = input.required<Wanted>();
  /** Whether one may still write here; else there is only copying. */
  readonly open = input(true);
  readonly reply = output<Entry>();
  readonly edit = output<Entry>();
  readonly closed = output();

  protected readonly step = signal<'menu' | 'emoji' | 'delete'>('menu');
  protected readonly wrong = signal('');
  protected readonly entry = computed(() => this.wanted().entry);
  protected readonly palette = computed(() => {
    const { reactions = {} } = this.entry().message ?? {};
    return PALETTE.map((emoji) => ({ emoji, mine: reactions[emoji]?.includes(this.me) ?? false }));
  });
  protected readonly remove = () => this.changes.remove(this.entry().message!);

  protected react(emoji: string): void {
    const { message } = this.entry();
    if (message) void this.changes.react(message, emoji);
  }

  protected copy(): void {
    void navigator.clipboard?.writeText(this.entry().text);
  }

  /** The menu closes with every choice; some of them go on in a dialog. */
  protected menuClosed(): void {
    if (this.step() === 'menu') this.closed.emit();
  }

  protected typed(dialog: Dialog, value: string): void {
    const emoji = oneEmoji(value);
    if (!emoji) return this.wrong.set('Type one emoji and nothing else.');
    dialog.close();
    this.react(emoji);
  }
}
