import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  effect,
  type ElementRef,
  inject,
  input,
  linkedSignal,
  signal,
  untracked,
  viewChild,
} from '@angular/core';

import { startOfDay } from '../../core/format/dates';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { ExcerptReads } from '../../data/messages/excerpt-reads';
import { findMessages } from '../../data/search/find-messages';
import { SearchPanel } from '../../data/search/search-panel';
import { Words } from '../../data/search/words';
import { sameUser } from '../../core/handle';
import type { ConversationId, Hit, Member } from '../../protocol/protocol';
import { composes } from '../../ui/composes';
import { Icon } from '../../ui/icon';
import { markWords } from './mark-words';

/** Searches one conversation, in a bar below the head of its chat: each message that is found is gone to. */
@Component({
  selector: 'aldis-chat-search',
  imports: [Icon],
  templateUrl: './chat-search.html',
  host: { '(keydown.escape)': 'close($event)' },
})
export class ChatSearch {
  protected readonly words = {
    again: $localize`Try again`,
    from: $localize`From`,
    anyone: $localize`Anyone`,
    since: $localize`Since`,
    until: $localize`Until`,
  };
  private readonly panel = inject(SearchPanel);
  private readonly excerpts = inject(ExcerptReads);
  private readonly me = inject(ConversationStore).me;
  /** What had the focus before, and gets it back. */
  private readonly before = document.activeElement as HTMLElement | null;

  readonly conversationId = input.required<ConversationId>();
  readonly members = input.required<readonly Member[]>();
  readonly names = input.required<ReadonlyMap<string, string>>();

  protected readonly query = signal('');
  protected readonly from = signal('');
  /** The first and the last day, as the fields have them. */
  protected readonly first = signal('');
  protected readonly last = signal('');
  protected readonly filtering = signal(false);
  protected readonly found = findMessages(
    computed(() => ({
      query: this.query(),
      within: this.conversationId(),
      ...(this.from() && { from: this.from() }),
      ...(this.first() && { after: startOfDay(this.first()) }),
      ...(this.last() && { before: startOfDay(this.last(), 1) }),
    })),
  );
  protected readonly people = computed(() =>
    this.members().map(({ username, displayName }) => ({
      username,
      name: sameUser(username, this.me) ? $localize`You` : (this.names().get(username) ?? displayName),
    })),
  );
  /** Which of those that were found is shown; another answer begins with its newest. */
  private readonly at = linkedSignal<readonly Hit[], number>({
    source: this.found.hits,
    computation: (hits, before) => (before && hits[0] === before.source[0] ? before.value : 0),
  });
  private readonly shown = computed(() => this.found.hits()[this.at()]);
  protected readonly said = computed(() => {
    const count = this.found.hits().length;
    if (this.query().trim() === '') return '';
    if (count > 0)
      return $localize`${this.at() + 1}:place: of ${count + (this.found.more() ? '+' : '')}:count:`;
    return this.found.looking()
      ? $localize`Searching…`
      : this.found.failure()
        ? ''
        : $localize`Nothing found`;
  });
  private readonly field = viewChild.required<ElementRef<HTMLInputElement>>('field');

  constructor() {
    afterNextRender(() => this.field().nativeElement.focus());
    effect(() => {
      const message = this.shown()?.message;
      const [conversationId, seq] = [this.conversationId(), message?.seq];
      if (seq !== undefined) untracked(() => void this.excerpts.go({ conversationId, seq }));
    });
    const unmark = markWords(computed(() => (this.found.hits().length > 0 ? new Words(this.query()) : null)));
    inject(DestroyRef).onDestroy(unmark);
  }

  protected key(event: KeyboardEvent): void {
    if (composes(event)) return;
    if (event.key === 'Enter') void this.step(event.shiftKey ? -1 : 1);
    else if (event.key === 'ArrowUp') void this.step(1);
    else if (event.key === 'ArrowDown') void this.step(-1);
    else return;
    event.preventDefault();
  }

  /** To an older or a newer one, and around the ends. */
  protected async step(direction: 1 | -1): Promise<void> {
    const last = this.found.hits().length - 1;
    if (direction > 0 && this.at() === last && this.found.more()) await this.found.readOn();
    const count = this.found.hits().length;
    if (count > 0) this.at.update((at) => (at + direction + count) % count);
  }

  protected close(event?: Event): void {
    event?.preventDefault();
    this.panel.within.set(null);
    this.before?.focus();
  }
}
