import { Component, computed, DOCUMENT, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterOutlet } from '@angular/router';
import { filter, map, startWith } from 'rxjs';

import { NewGroup } from '../groups/new-group';
import { ConversationList } from '../conversations/conversation-list';
import { NewConversation } from '../conversations/new-conversation';
import { QuickSwitch } from '../conversations/quick-switch';
import { Sync } from '../live/sync';
import { WebSocketService } from '../live/web-socket-service';
import { Icon } from '../ui/icon';
import { Mark } from '../ui/mark';
import { SHORTCUT } from '../ui/shortcut';
import { AccountMenu } from './account-menu';
import { fitViewport } from './viewport';

/** The frame of the messenger: the conversations beside the chat, or one of the two on a phone. */
@Component({
  selector: 'aldis-shell',
  imports: [AccountMenu, ConversationList, Icon, Mark, NewConversation, NewGroup, QuickSwitch, RouterOutlet],
  templateUrl: './shell.html',
  host: { '(document:keydown)': 'shortcut($event)', '[class.in-chat]': 'inChat()' },
})
export class Shell {
  private readonly router = inject(Router);
  private readonly status = toSignal(inject(WebSocketService).status$, { requireSync: true });

  protected readonly shortcutName = SHORTCUT;
  protected readonly offline = computed(() => this.status() === 'offline');
  protected readonly dialog = signal<'new' | 'group' | 'switch' | null>(null);
  /** On a phone one pane is seen: the chat once one is chosen. */
  protected readonly inChat = toSignal(
    this.router.events.pipe(
      filter((event) => event instanceof NavigationEnd),
      map(() => this.router.url),
      startWith(this.router.url),
      map((url) => url.split('?')[0] !== '/'),
    ),
    { requireSync: true },
  );

  constructor() {
    void inject(Sync).start();
    fitViewport(inject(DOCUMENT));
  }

  protected shortcut(event: KeyboardEvent): void {
    if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    this.dialog.set('switch');
  }
}
