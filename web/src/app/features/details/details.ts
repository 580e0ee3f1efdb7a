import { Location, NgTemplateOutlet } from '@angular/common';
import {
  afterRenderEffect,
  Component,
  computed,
  DestroyRef,
  type ElementRef,
  effect,
  inject,
  input,
  output,
  viewChild,
} from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';
import { ActivatedRoute, NavigationStart, Router } from '@angular/router';

import { ExcerptReads } from '../../data/messages/excerpt-reads';
import { SearchPanel } from '../../data/search/search-panel';
import type { Conversation, ConversationId, Message, SharedKind } from '../../protocol/protocol';
import { covered } from '../../ui/covered';
import { Icon } from '../../ui/icon';
import { Wide } from '../../ui/wide';
import { MediaList } from '../media/media-list';
import { GroupDetails } from './group-details';
import { PersonDetails } from './person-details';

const KINDS: readonly SharedKind[] = ['media', 'files', 'links'];

/** About the conversation: a column beside it where there is room, else a sheet over it. */
@Component({
  selector: 'aldis-details',
  imports: [GroupDetails, Icon, MediaList, NgTemplateOutlet, PersonDetails],
  templateUrl: './details.html',
})
export class Details {
  protected readonly words = {
    group: $localize`Group`,
    person: $localize`Person`,
    shared: $localize`Media, files and links`,
  };
  /** Not there before the first message between two. */
  readonly conversation = input<Conversation>();
  readonly username = input('');
  readonly title = input.required<string>();
  readonly closed = output();

  protected readonly wide = inject(Wide).wide;
  private readonly panel = inject(SearchPanel);
  private readonly excerpts = inject(ExcerptReads);
  private readonly router = inject(Router);
  private readonly location = inject(Location);
  private readonly sheet = viewChild<ElementRef<HTMLDialogElement>>('sheet');
  private readonly row = viewChild<ElementRef<HTMLElement>>('row');

  /** What was shared is a place of its own, behind `#media`: Back leads out of it. */
  private readonly fragment = toSignal(inject(ActivatedRoute).fragment);
  protected readonly shared = computed(() => KINDS.find((kind) => kind === this.fragment()));
  /** Whether Back leads to the details: they were there before. */
  private entered = false;

  constructor() {
    effect(() => this.sheet()?.nativeElement.showModal());
    // Who comes back is where they left.
    let within = false;
    afterRenderEffect(() => {
      const left = within && !this.shared();
      within = this.shared() !== undefined;
      if (left) this.row()?.nativeElement.focus();
    });
    // Closed by whatever: the address is that of the chat again.
    inject(DestroyRef).onDestroy(() => this.shared() && !this.router.currentNavigation() && this.back());
    // A sheet would lie over what one goes to.
    this.router.events.pipe(takeUntilDestroyed()).subscribe((event) => {
      if (event instanceof NavigationStart && this.sheet() && pathOf(event.url) !== pathOf(this.router.url))
        this.closed.emit();
    });
  }

  protected search(id: ConversationId): void {
    if (this.sheet()) this.close();
    this.panel.within.set(id);
  }

  protected showShared(kind: SharedKind): void {
    const replaceUrl = this.shared() !== undefined;
    this.entered ||= !replaceUrl;
    void this.router.navigate([], { fragment: kind, replaceUrl });
  }

  protected back(): void {
    if (this.entered) this.location.back();
    else void this.router.navigate([], { replaceUrl: true });
    this.entered = false;
  }

  /** Where it was said; a sheet would lie over it. */
  protected goTo({ conversationId, seq }: Message): void {
    if (this.sheet()) this.close();
    void this.excerpts.go({ conversationId, seq });
  }

  /** Esc leads back one step; what lies over the panel has the key for itself. */
  protected leave(event: Event): void {
    if (this.wide() && covered()) return;
    if (!this.shared()) return this.wide() ? this.close() : undefined;
    event.preventDefault();
    this.back();
  }

  protected close(): void {
    const sheet = this.sheet()?.nativeElement;
    if (sheet) sheet.close();
    else this.closed.emit();
  }

  protected outside(event: MouseEvent): void {
    if (event.target === this.sheet()?.nativeElement) this.close();
  }
}

function pathOf(url: string): string {
  return url.split('#', 1)[0]!;
}
