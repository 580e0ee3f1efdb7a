import {
  afterNextRender,
  Component,
  computed,
  effect,
  ElementRef,
  inject,
  untracked,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';

import { Clock } from '../../core/clock';
import { rowTime } from '../../core/format/time';
import { findUser, sameUser } from '../../core/handle';
import { linkTo, titleOf } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { ExcerptReads } from '../../data/messages/excerpt-reads';
import { Names } from '../../data/people/names';
import { parts } from '../../data/search/fragment';
import { SearchPanel } from '../../data/search/search-panel';
import { SearchStore } from '../../data/search/search-store';
import type { Hit } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { composes } from '../../ui/composes';
import { Icon } from '../../ui/icon';

/** In place of the list of conversations: a field, and the messages that were found. */
@Component({
  selector: 'aldis-search',
  imports: [Avatar, Icon],
  templateUrl: './search.html',
  host: { '(keydown)': 'key($event)' },
})
export class Search {
  private readonly panel = inject(SearchPanel);
  private readonly store = inject(SearchStore);
  private readonly conversations = inject(ConversationStore);
  private readonly excerpts = inject(ExcerptReads);
  private readonly router = inject(Router);
  private readonly now = inject(Clock).day;
  private readonly host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  /** What had the focus before, and gets it back. */
  private readonly before = document.activeElement as HTMLElement | null;
  private chosen: Hit | null = null;

  protected readonly state = toSignal(this.store.state$, { requireSync: true });
  private readonly former = inject(Names).known;
  private readonly all = toSignal(this.conversations.conversations$, { requireSync: true });
  protected readonly skeletons = [0, 1, 2, 3];
  /** The one conversation that is searched, by its name. */
  protected readonly within = computed(() => {
    const id = this.state().within;
    return id === null ? null : this.titleIn(id);
  });
  protected readonly hits = computed(() => {
    const { me } = this.conversations;
    return this.state().hits.map((hit) => {
      const { id, conversationId, sender, timestamp } = hit.message;
      const conversation = this.all().find((known) => known.id === conversationId);
      const who =
        (conversation && findUser(conversation.members, sender)?.displayName) ??
        this.former().get(sender) ??
        sender;
      const own = sameUser(sender, me);
      const where =
        this.state().within === null && (conversation?.kind === 'group' || own)
          ? this.titleIn(conversationId)
          : '';
      const time = new Date(timestamp);
      return {
        id,
        hit,
        sender,
        who: own ? 'You' : who,
        name: who,
        where,
        time,
        clock: rowTime(time, this.now()),
        parts: parts(hit.fragment),
      };
    });
  });
  protected readonly said = computed(() => {
    const { answered, loading, failure, next } = this.state();
    if (answered === null || loading || failure) return '';
    const count = this.hits().length;
    if (count === 0) return `No message has “${answered}” in it.`;
    return next ? `The newest ${count} messages` : count === 1 ? 'One message' : `${count} messages`;
  });
  private readonly field = viewChild.required<ElementRef<HTMLInputElement>>('field');

  constructor() {
    afterNextRender(() => this.focus());
    // Asked for again, from the head of a chat: the field is where one goes on.
    const opened = computed(() => this.state().opened);
    effect(() => {
      opened();
      untracked(() => this.focus());
    });
    // Conversations further down than the list was read are asked for by what was found in them.
    effect(() => {
      const unknown = new Set(this.state().hits.map(({ message }) => message.conversationId));
      for (const id of unknown)
        if (!this.conversations.find(id)) void this.conversations.fetch(id).catch(() => undefined);
    });
  }

  focus(): void {
    this.field().nativeElement.focus();
    this.field().nativeElement.select();
  }

  protected look(): void {
    this.store.look(this.field().nativeElement.value);
  }

  protected everywhere(): void {
    this.panel.open(null);
  }

  protected again(): void {
    void this.store.again();
  }

  protected more(): void {
    void this.store.more();
  }

  protected close(): void {
    this.chosen = null;
    this.panel.close();
    this.before?.focus();
  }

  protected async choose(hit: Hit): Promise<void> {
    const { conversationId, seq } = hit.message;
    this.chosen = hit;
    if (!this.conversations.find(conversationId))
      await this.conversations.fetch(conversationId).catch(() => undefined);
    const conversation = this.conversations.find(conversationId);
    // Another one may be chosen by now.
    if (!conversation || this.chosen !== hit) return;
    void this.excerpts.go({ conversationId, seq });
    await this.router.navigate(linkTo(conversation, this.conversations.me));
    // On a phone the chat takes the place of what was found.
    if (matchMedia('(max-width: 45rem)').matches) this.panel.close();
  }

  protected key(event: KeyboardEvent): void {
    if (composes(event)) return;
    const stops = [this.field().nativeElement, ...this.host.querySelectorAll<HTMLElement>('.hit')];
    const index = stops.indexOf(event.target as HTMLElement);
    if (event.key === 'Escape') this.close();
    else if (event.key === 'ArrowDown' && index >= 0) stops[index + 1]?.focus();
    else if (event.key === 'ArrowUp' && index > 0) stops[index - 1]?.focus();
    else return;
    event.preventDefault();
  }

  /** Near the end of what was found the next page is asked for. */
  protected scrolled({ target }: Event): void {
    const { scrollTop, clientHeight, scrollHeight } = target as HTMLElement;
    if (scrollHeight - scrollTop - clientHeight < clientHeight) this.more();
  }

  private titleIn(id: string): string {
    const conversation = this.all().find((known) => known.id === id);
    return conversation ? titleOf(conversation, this.conversations.me) : 'this conversation';
  }
}
