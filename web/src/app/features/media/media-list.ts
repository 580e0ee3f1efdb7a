import {
  afterNextRender,
  afterRenderEffect,
  Component,
  computed,
  DestroyRef,
  type ElementRef,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { Clock } from '../../core/clock';
import { LinkFinder } from '../../core/format/link-finder';
import { fullTime, rowTime } from '../../core/format/time';
import { namesOf, sameUser } from '../../core/handle';
import { explain } from '../../core/http/problem';
import { around } from '../../core/language/around';
import { Files } from '../../data/attachments/files';
import { isVoice, PDF } from '../../data/attachments/playable';
import { fileKind, fileSize } from '../../data/attachments/size';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { readMembers } from '../../data/groups/member-store';
import { sharedMessages } from '../../data/messages/shared-messages';
import { Names } from '../../data/people/names';
import type { Conversation, Message, SharedKind } from '../../protocol/protocol';
import { rightToLeft } from '../../ui/direction';
import { Icon } from '../../ui/icon';
import { filesOf, linksOf, type SharedFile, type SharedLink } from './items';
import { MediaGrid } from './media-grid';

/** So many at once: one message may have thousands. */
const LINKS = 100;

interface Tab {
  readonly kind: SharedKind;
  readonly title: string;
  readonly empty: string;
  readonly hint: string;
}

/** Media, files and links of a conversation in one place. */
@Component({
  selector: 'aldis-media-list',
  imports: [Icon, MediaGrid],
  templateUrl: './media-list.html',
})
export class MediaList {
  protected readonly words = {
    kept: $localize`No connection: only what is kept on this device is shown.`,
    again: $localize`Try again`,
    loading: $localize`Downloading …`,
    show: (name: string) => $localize`Show ${name}:name: in chat`,
  };
  private readonly files = inject(Files);
  private readonly finder = inject(LinkFinder);
  private readonly me = inject(ConversationStore).me;
  private readonly now = inject(Clock).day;
  private readonly former = inject(Names).known;

  readonly conversation = input.required<Conversation>();
  readonly kind = input.required<SharedKind>();
  readonly chosen = output<SharedKind>();
  /** Somebody wants to see where it was said. */
  readonly goTo = output<Message>();

  protected readonly tabs: readonly Tab[] = [
    {
      kind: 'media',
      title: $localize`Media`,
      empty: $localize`No pictures or films yet`,
      hint: $localize`Those that are sent here are shown in this place.`,
    },
    {
      kind: 'files',
      title: $localize`Files`,
      empty: $localize`No files yet`,
      hint: $localize`Documents, sounds and voice messages that are sent here are listed in this place.`,
    },
    {
      kind: 'links',
      title: $localize`Links`,
      empty: $localize`No links yet`,
      hint: $localize`Addresses of the web in messages are listed in this place.`,
    },
  ];
  protected readonly tab = computed(() => this.tabs.find(({ kind }) => kind === this.kind())!);
  private readonly id = computed(() => this.conversation().id);
  private readonly lists = {
    media: this.list('media'),
    files: this.list('files'),
    links: this.list('links'),
  };
  protected readonly shown = computed(() => this.lists[this.kind()]);

  private readonly members = readMembers(this.conversation);
  private readonly names = computed(() => namesOf(this.members(), this.former()));
  protected readonly rows = computed(() =>
    filesOf(this.lists.files.messages(), 'files').map((item) => {
      const name = isVoice(item.file) ? $localize`Voice message` : item.file.name;
      const size = [fileKind(item.file.name), fileSize(item.file.size)].filter(Boolean).join(' · ');
      const by = this.by(item.message);
      const pdf = item.file.type === PDF;
      const work = around((name) =>
        pdf ? $localize`Open ${name}:name:` : $localize`Download ${name}:name:`,
      );
      return { ...item, ...by, name, size, work };
    }),
  );
  private readonly most = signal(LINKS);
  protected readonly links = computed(() => {
    const found: SharedLink[] = [];
    for (const message of this.lists.links.messages()) {
      const room = this.most() - found.length;
      if (room === 0) break;
      found.push(...linksOf(message, this.finder.of(message.text)).slice(0, room));
    }
    return found.map((link) => ({ ...link, ...this.by(link.message) }));
  });
  /** There may be others in what was read. */
  protected readonly cut = computed(() => this.kind() === 'links' && this.links().length === this.most());
  protected readonly count = computed(() => {
    if (this.kind() === 'links') return this.links().length;
    return this.kind() === 'files' ? this.rows().length : this.shown().messages().length;
  });
  /** What finds links is loaded when they are wanted. */
  protected readonly ready = computed(
    () => this.kind() !== 'links' || this.finder.of('https://aldis.example').length > 0,
  );
  protected readonly empty = computed(
    () => this.shown().begun() && this.ready() && !this.shown().more() && !this.shown().failure(),
  );
  /** What became of a file, by its key. */
  protected readonly states = signal<ReadonlyMap<string, string>>(new Map());
  /** The last of these, for who does not see it. */
  protected readonly said = signal('');

  private readonly strip = viewChild.required<ElementRef<HTMLElement>>('strip');
  private readonly end = viewChild<ElementRef<HTMLElement>>('end');

  constructor() {
    afterNextRender(() => this.chosenTab()?.focus({ preventScroll: true }));
    const observer = new IntersectionObserver(
      (entries) => {
        const list = this.shown();
        // What was read is not there yet while what finds its links is on its way.
        const seen = !list.begun() || this.ready();
        if (!seen || !entries.some(({ isIntersecting }) => isIntersecting)) return;
        if (this.cut()) this.most.update((most) => most + LINKS);
        else if (!list.failure()) void list.readOn();
      },
      { rootMargin: '600px' },
    );
    // Anew after each page: it tells only of what changes.
    afterRenderEffect(() => {
      const end = this.end()?.nativeElement;
      this.shown().messages();
      this.most();
      this.ready();
      observer.disconnect();
      if (end) observer.observe(end);
    });
    inject(DestroyRef).onDestroy(() => observer.disconnect());
  }

  private list(kind: SharedKind) {
    return sharedMessages(
      this.id,
      kind,
      computed(() => this.kind() === kind),
    );
  }

  private by({ sender, timestamp }: Message) {
    const time = new Date(timestamp);
    const who = sameUser(sender, this.me) ? $localize`You` : (this.names().get(sender) ?? sender);
    return { who, when: rowTime(time, this.now()), exact: fullTime(time) };
  }

  private chosenTab(): HTMLElement | null {
    return this.strip().nativeElement.querySelector<HTMLElement>('[aria-selected="true"]');
  }

  protected step(event: KeyboardEvent): void {
    const at = this.tabs.indexOf(this.tab());
    const tabs = [...this.strip().nativeElement.querySelectorAll<HTMLElement>('[role="tab"]')];
    const onward = rightToLeft() ? -1 : 1;
    const by = { ArrowRight: onward, ArrowLeft: -onward }[event.key];
    const to =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? this.tabs.length - 1
          : by && (at + by + this.tabs.length) % this.tabs.length;
    if (to === undefined) return;
    event.preventDefault();
    tabs[to]!.focus();
    this.chosen.emit(this.tabs[to]!.kind);
  }

  /** Opens a PDF, saves all else. */
  protected async take(item: SharedFile): Promise<void> {
    if (this.states().get(item.key) === this.words.loading) return;
    // At once, while the browser knows that somebody pressed.
    const tab = item.file.type === PDF ? window.open('', '_blank') : null;
    this.state(item, this.words.loading);
    try {
      await (item.file.type === PDF ? this.files.read(item.file, tab) : this.files.save(item.file));
      this.state(item, '');
    } catch (error) {
      this.state(item, explain(error));
    }
  }

  private state({ key }: SharedFile, said: string): void {
    this.states.update((states) => new Map(states).set(key, said));
    this.said.set(said);
  }
}
