import {
  afterRenderEffect,
  Component,
  computed,
  DOCUMENT,
  ElementRef,
  inject,
  Injector,
  signal,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { ActivatedRoute, NavigationEnd, Router, RouterOutlet } from '@angular/router';
import { filter, map, startWith } from 'rxjs';

import { partMissing } from '../../core/app/load-errors';
import { breath } from '../../core/breath';
import { WebSocketService } from '../../core/line/web-socket-service';
import { Sync } from '../../data/live/sync';
import { Outbox } from '../../data/outbox/outbox';
import { ShownPerson } from '../../data/people/shown-person';
import { SearchPanel } from '../../data/search/search-panel';
import {
  Archived,
  ConversationMenu,
  Invitations,
  KeyList,
  NewConversation,
  NewGroup,
  NewMenu,
  Offer,
  PersonCard,
  Search,
  Settings,
  ShellNotes,
} from '../../rare';
import { type Anchor, below } from '../../ui/anchor';
import { covered, takesText } from '../../ui/covered';
import { Icon } from '../../ui/icon';
import { ListBox, ListField } from '../../ui/list-box';
import { keepPage } from '../../ui/keep-page';
import { SHORTCUT } from '../../ui/shortcut';
import { ConversationList } from '../conversations/conversation-list';
import type { WantedRow } from '../conversations/rows';
import { Account } from './account';
import { fitViewport } from './viewport';

const LATER = 2_500;

/** The frame of the messenger: the conversations beside the chat, or one of the two on a phone. */
@Component({
  selector: 'aldis-shell',
  imports: [
    Account,
    Archived,
    ConversationList,
    ConversationMenu,
    Icon,
    Invitations,
    KeyList,
    ListField,
    NewConversation,
    NewGroup,
    NewMenu,
    Offer,
    PersonCard,
    RouterOutlet,
    Search,
    Settings,
    ShellNotes,
  ],
  templateUrl: './shell.html',
  host: {
    '(document:keydown)': 'shortcut($event)',
    '[class.in-chat]': 'inChat()',
    '[class.searching]': 'search.over()',
  },
})
export class Shell {
  protected readonly words = {
    skip: $localize`Skip to the conversation`,
    offline: $localize`No connection.`,
    missing: $localize`A part of Aldis could not be loaded.`,
    kept: $localize`What you write is kept.`,
    reload: $localize`Reload`,
    begin: $localize`New`,
  };
  private readonly router = inject(Router);
  private readonly status = toSignal(inject(WebSocketService).status$, { requireSync: true });

  protected readonly search = inject(SearchPanel);
  protected readonly person = inject(ShownPerson);
  protected readonly box = new ListBox('found', this.search.keys);
  private readonly field = viewChild.required<ElementRef<HTMLInputElement>>('find');
  /** What had the focus before the search, and gets it back. */
  private before: HTMLElement | null = null;
  protected readonly shortcutName = SHORTCUT;
  protected readonly below = below;
  /** Where the menu of what one can begin hangs. */
  protected readonly beginning = signal<Anchor | null>(null);
  /** The row whose menu is open. */
  protected readonly row = signal<WantedRow | null>(null);
  protected readonly offline = computed(() => this.status() === 'offline');
  private readonly unkept = inject(Outbox).unkept;
  protected readonly unsent = computed(() =>
    this.unkept().size > 0
      ? $localize`What you write is sent once you are back: leave this page open.`
      : $localize`What you write is kept and sent once you are back.`,
  );
  /** The installed client has shortcuts that open one at once: see `public/manifest.webmanifest`. */
  protected readonly dialog = signal<string | null>(
    inject(ActivatedRoute).snapshot.queryParamMap.get('open'),
  );
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

  private readonly list = viewChild(ConversationList);

  protected readonly partMissing = partMissing;
  /** What is needed now and then is here. */
  protected readonly attended = signal(false);

  constructor() {
    void inject(Sync).start();
    fitViewport(inject(DOCUMENT));
    keepPage(inject(DOCUMENT));
    if (this.dialog()) void this.router.navigate([], { replaceUrl: true });
    void this.attend(inject(Injector));
    // On a phone the field is there once its pane is.
    afterRenderEffect(() => {
      if (this.search.asked() === 0) return;
      const field = this.field().nativeElement;
      field.focus();
      field.select();
    });
  }

  protected startSearch({ relatedTarget }: FocusEvent): void {
    if (!this.search.open()) this.before = relatedTarget as HTMLElement | null;
    this.search.open.set(true);
  }

  protected look(query: string): void {
    this.search.query.set(query);
    this.search.open.set(true);
  }

  /** Gives the list back, and the focus. */
  protected endSearch(event?: Event): void {
    event?.preventDefault();
    this.search.close();
    this.field().nativeElement.blur();
    this.before?.focus();
  }

  /** Who left the field with nothing in it does not search. */
  protected leaveSearch(): void {
    if (this.search.query() === '' && document.hasFocus()) this.search.close();
  }

  /** What goes on behind the page, once that has what it needs. */
  private async attend(injector: Injector): Promise<void> {
    let rare: typeof import('../../rare') | null = null;
    while (!rare) {
      await breath(LATER);
      // Without a network it comes once there is one.
      rare = await import('../../rare').catch(() => null);
    }
    this.attended.set(true);
    [rare.Notifications, rare.MuteEnds, rare.ProfileSync, rare.NameReads, rare.Versions].forEach((part) =>
      injector.get<unknown>(part),
    );
    await import('../../core/session/session-care').catch(() => null);
  }

  protected reload(): void {
    location.reload();
  }

  protected shortcut(event: KeyboardEvent): void {
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (!control && event.altKey && !event.shiftKey) {
      if ((key !== 'arrowup' && key !== 'arrowdown') || covered()) return;
      this.list()?.step(key === 'arrowup' ? -1 : 1);
    } else if (!control && key === '?' && !takesText(event.target) && !covered()) this.dialog.set('keys');
    else if (!control || event.altKey) return;
    else if (key === 'k' && !event.shiftKey) {
      if (!covered()) this.search.ask();
    } else if (key === ',') this.dialog.set('settings');
    else return;
    event.preventDefault();
  }
}
