import {
  Component,
  computed,
  effect,
  inject,
  input,
  linkedSignal,
  output,
  signal,
  untracked,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';

import { Clock } from '../../core/clock';
import { Database } from '../../core/disk/database';
import { recentlyOpened } from '../../core/disk/recently-opened';
import { linkToUser } from '../../core/handle';
import { linkTo } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { ExcerptReads } from '../../data/messages/excerpt-reads';
import { Outbox } from '../../data/outbox/outbox';
import { findPeople } from '../../data/people/find-people';
import { Names } from '../../data/people/names';
import { findMessages } from '../../data/search/find-messages';
import { SearchPanel } from '../../data/search/search-panel';
import type { Hit } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { type ListBox, ListOption } from '../../ui/list-box';
import { rows } from '../conversations/rows';
import { foundMessage } from './found-message';
import {
  counted,
  inList,
  messageOption,
  type Option,
  personOption,
  recent,
  rowOption,
  section,
  type Section,
  type SectionName,
  strangers,
} from './sections';

/** Messages wait so long for the people above them, which would push them down. */
const PATIENCE = 1_000;

/**
 * What the search field above it finds: people, groups and messages, in places that do not change while answers
 * come. Before anything is typed, what the person looked at last.
 */
@Component({
  selector: 'aldis-search',
  imports: [Avatar, ListOption],
  templateUrl: './search.html',
})
export class Search {
  protected readonly words = { group: $localize`Group` };
  private readonly panel = inject(SearchPanel);
  private readonly conversations = inject(ConversationStore);
  private readonly excerpts = inject(ExcerptReads);
  private readonly router = inject(Router);
  private readonly now = inject(Clock).day;
  private readonly former = inject(Names).known;
  private readonly all = toSignal(this.conversations.conversations$, { requireSync: true });
  private readonly outbox = toSignal(inject(Outbox).pending$, { requireSync: true });
  private readonly here = this.router.url.split(/[?#]/)[0];

  readonly box = input.required<ListBox>();
  /** A person or group was gone to, and the search is over. */
  readonly left = output();

  private readonly query = computed(() => this.panel.query().trim());
  /** What one looked at last when the search began. */
  private readonly opened = signal<readonly string[]>([]);
  private readonly rows = computed(() => rows(this.all(), this.outbox(), this.conversations.me));
  private readonly people = findPeople(this.query);
  private readonly messages = findMessages(computed(() => ({ query: this.query() })));
  /** Sections of which all is shown. */
  private readonly whole = linkedSignal<string, ReadonlySet<SectionName>>({
    source: this.query,
    computation: () => new Set(),
  });
  /** The server takes long to answer who is called so: what is below them is shown without them. */
  protected readonly late = linkedSignal({ source: this.query, computation: () => false });
  private readonly ready = computed(() => !this.people.looking() || this.late());
  private readonly hits = linkedSignal<{ hits: readonly Hit[]; ready: boolean }, readonly Hit[]>({
    source: () => ({ hits: this.messages.hits(), ready: this.ready() }),
    computation: ({ hits, ready }, before) => (ready ? hits : (before?.value ?? [])),
  });
  /** The message that was chosen last. */
  private chosen: Hit | null = null;

  protected readonly sections = computed((): readonly Section[] => {
    if (this.query() === '') {
      const last = recent(this.rows(), this.opened(), this.here).map(rowOption);
      return last.length > 0 ? [section('recent', last, true)] : [];
    }
    return [...this.named(), this.written()].filter(({ options, looking }) => options.length > 0 || looking);
  });
  protected readonly looking = computed(() => this.sections().some(({ looking }) => looking));
  protected readonly said = computed(() => {
    if (this.query() === '' || this.looking()) return '';
    const failures = this.sections().flatMap(({ failure }) => failure || []);
    return [counted(this.sections(), this.messages.more()) || this.nothing(), ...failures].join('. ');
  });
  protected readonly nothing = computed(() => {
    if (this.sections().some(({ options, looking }) => options.length > 0 || looking)) return '';
    return this.query() === ''
      ? $localize`Type the beginning of a name, or a word of a message.`
      : $localize`Nothing found for “${this.query()}:query:”.`;
  });

  constructor() {
    void inject(Database)
      .read([], recentlyOpened)
      .then((opened) => this.opened.set(opened));
    effect(() =>
      this.panel.keys.set(this.sections().flatMap(({ options }) => options.map(({ key }) => key))),
    );
    // The best one first, whatever was chosen for what was typed before.
    effect(() => {
      this.query();
      untracked(() => this.box().choose(null));
    });
    effect((ended) => {
      this.query();
      const timer = setTimeout(() => this.late.set(this.people.looking()), PATIENCE);
      ended(() => clearTimeout(timer));
    });
    // Conversations further down than the list was read are asked for by what was found in them.
    effect(() => {
      const unknown = new Set(this.messages.hits().map(({ message }) => message.conversationId));
      for (const id of unknown)
        if (!untracked(() => this.conversations.find(id)))
          void this.conversations.fetch(id).catch(() => undefined);
    });
  }

  /** Near the end of what was found the next page is asked for. */
  protected scrolled({ target }: Event): void {
    const { scrollTop, clientHeight, scrollHeight } = target as HTMLElement;
    if (this.messages.more() && scrollHeight - scrollTop - clientHeight < clientHeight)
      void this.messages.readOn();
  }

  /** While nothing is there yet, the shape of what is to come. */
  protected skeletons({ name, options }: Section): readonly number[] {
    return options.length > 0 ? [] : name === 'messages' ? [0, 1, 2] : [0];
  }

  protected choose(option: Option): void {
    if ('message' in option) void this.goTo(option.message.hit);
    else if ('more' in option) this.showMore(option.more);
    else {
      this.left.emit();
      void this.router.navigate('row' in option ? option.row.link : [linkToUser(option.person.username)]);
    }
  }

  private showMore(name: SectionName): void {
    if (name === 'messages') void this.messages.readOn();
    else if (this.people.failure() && name === 'others') this.people.again();
    else this.whole.update((whole) => new Set(whole).add(name));
  }

  /** To the message; what was found stays, so that one may go on to the next. */
  private async goTo(hit: Hit): Promise<void> {
    const { conversationId, seq } = hit.message;
    this.chosen = hit;
    if (!this.conversations.find(conversationId))
      await this.conversations.fetch(conversationId).catch(() => undefined);
    const conversation = this.conversations.find(conversationId);
    // Another one may be chosen by now.
    if (!conversation || this.chosen !== hit) return;
    void this.excerpts.go({ conversationId, seq });
    // On a phone the chat takes the place of what was found.
    this.panel.over.set(false);
    await this.router.navigate(linkTo(conversation, this.conversations.me));
  }

  /** Who and what is called so: in one's list, which is known at once, and of the server. */
  private named(): Section[] {
    const { people, groups } = inList(this.rows(), this.query());
    const others = strangers(this.people.people(), this.rows());
    const { looking, failure } = this.people;
    return [
      section('people', people.map(rowOption), this.whole().has('people')),
      section('groups', groups.map(rowOption), this.whole().has('groups')),
      section('others', others.map(personOption), this.whole().has('others'), {
        looking: looking(),
        failure: failure(),
      }),
    ];
  }

  private written(): Section {
    const found = this.hits().map((hit) =>
      messageOption(
        foundMessage(hit, {
          me: this.conversations.me,
          conversation: this.all().find(({ id }) => id === hit.message.conversationId),
          former: this.former(),
          now: this.now(),
        }),
      ),
    );
    const looking = this.messages.looking() || !this.ready();
    return section('messages', found, true, {
      looking,
      failure: this.messages.failure(),
      next: this.messages.more() && !looking,
    });
  }
}
