import { Component, computed, DOCUMENT, inject, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { NavigationEnd, Router, RouterOutlet } from '@angular/router';
import { filter, map, startWith } from 'rxjs';

import { keepPage } from '../attachments/dropping';
import { ConversationList } from '../conversations/conversation-list';
import { NewConversation, NewGroup, QuickSwitch, Search } from '../rare';
import { SearchPanel } from '../search/search-panel';
import { Sync } from '../live/sync';
import { WebSocketService } from '../live/web-socket-service';
import { Icon } from '../ui/icon';
import { Mark } from '../ui/mark';
import { SHORTCUT } from '../ui/shortcut';
import { AccountMenu } from './account-menu';
import { Versions } from './versions';
import { fitViewport } from './viewport';

/** The frame of the messenger: the conversations beside the chat, or one of the two on a phone. */
@Component({
  selector: 'aldis-shell',
  imports: [AccountMenu, ConversationList, Icon, Mark, NewConversation, NewGroup, QuickSwitch, RouterOutlet, Search],
  templateUrl: './shell.html',
  host: { '(document:keydown)': 'shortcut($event)', '[class.in-chat]': 'inChat()', '[class.searching]': 'searching()' },
})
export class Shell {
  private readonly router = inject(Router);
  private readonly status = toSignal(inject(WebSocketService).status$, { requireSync: true });

  protected readonly search = inject(SearchPanel);
  protected readonly searching = toSignal(this.search.state$.pipe(map(({ open }) => open)), { requireSync: true });
  protected readonly shortcutName = SHORTCUT;
  protected readonly versions = inject(Versions);
  protected readonly outdated = toSignal(this.versions.ready$, { requireSync: true });
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
    keepPage(inject(DOCUMENT));
  }

  protected shortcut(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === 'k' && !event.shiftKey) this.dialog.set('switch');
    else if (key === 'f' && event.shiftKey) this.search.open(null);
    else return;
    event.preventDefault();
  }
}
