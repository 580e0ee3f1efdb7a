import {
  afterNextRender,
  type ApplicationRef,
  Component,
  computed,
  createComponent,
  DestroyRef,
  type ElementRef,
  inject,
  input,
  linkedSignal,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';
import type { default as PhotoSwipe, PhotoSwipeOptions } from 'photoswipe';

import { Clock } from '../../core/clock';
import { clockTime, dayHeading, fullTime } from '../../core/format/time';
import { namesOf, sameUser } from '../../core/handle';
import { explain } from '../../core/http/problem';
import { number } from '../../core/language/plural';
import { WebSocketService } from '../../core/line/web-socket-service';
import { Files } from '../../data/attachments/files';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { readMembers } from '../../data/groups/member-store';
import type { SentPicture } from '../../data/messages/loaded-pictures';
import { Outbox } from '../../data/outbox/outbox';
import { Names } from '../../data/people/names';
import type { Message } from '../../protocol/protocol';
import { adopt } from '../../core/adopt';
import { Icon } from '../../ui/icon';
import { Chooser } from '../conversations/chooser';
import type { Row } from '../conversations/rows';
import { Slides } from './slides';

/** As long as what rises elsewhere: `--slow`. */
const FADE = 180;
const MARGIN = 16;

/** The small picture says enough while the picture itself is fetched. An option that its types do not name. */
const NO_PRELOADER: PhotoSwipeOptions & { preloader: boolean } = { preloader: false };

let adopted = false;

/** Opens pictures over the page, beginning with one of them; `show` leads to where one was said. */
export function view(
  app: ApplicationRef,
  pictures: readonly SentPicture[],
  first: number,
  show?: (message: Message) => void,
): void {
  const viewer = createComponent(Viewer, { environmentInjector: app.injector });
  viewer.setInput('pictures', pictures);
  viewer.setInput('first', first);
  viewer.setInput('show', show);
  viewer.instance.closed.subscribe(() => viewer.destroy());
  app.attachView(viewer.hostView);
  document.body.append(viewer.location.nativeElement as Element);
}

/**
 * Pictures, one at a time and as large as there is room. The dialog is ours, so that Esc closes it and gives the
 * focus back; PhotoSwipe has what fingers do: it turns, zooms and throws away.
 */
@Component({
  selector: 'aldis-viewer',
  imports: [Chooser, Icon],
  templateUrl: './viewer.html',
})
export class Viewer {
  protected readonly words = {
    larger: $localize`Zoom in`,
    largerKey: $localize`Zoom in (Z)`,
    smaller: $localize`Zoom out`,
    smallerKey: $localize`Zoom out (Z)`,
    play: $localize`Play`,
  };
  private readonly files = inject(Files);
  private readonly outbox = inject(Outbox);
  private readonly store = inject(ConversationStore);
  private readonly now = inject(Clock).day;

  readonly pictures = input.required<readonly SentPicture[]>();
  readonly first = input.required<number>();
  readonly show = input<(message: Message) => void>();
  readonly closed = output();

  private readonly swipe = signal<PhotoSwipe | null>(null);
  protected readonly index = linkedSignal(() => this.first());
  protected readonly picture = computed(() => this.pictures()[this.index()]!);
  protected readonly zoomed = signal(false);
  protected readonly forwarding = signal(false);
  /** Those of which somebody who wants less to move said that they may. */
  private readonly played = signal<ReadonlySet<SentPicture>>(new Set());
  protected readonly still = computed(() => this.stands(this.picture()));
  private readonly failures = signal<ReadonlyMap<SentPicture, string>>(new Map());
  protected readonly failure = computed(() => this.failures().get(this.picture()) ?? '');
  protected readonly count = computed(() =>
    this.pictures().length > 1
      ? $localize`${number(this.index() + 1)}:place: of ${number(this.pictures().length)}:count:`
      : '',
  );

  private readonly conversations = toSignal(this.store.conversations$, { requireSync: true });
  private readonly conversation = computed(() =>
    this.conversations().find(({ id }) => id === this.picture().message?.conversationId),
  );
  private readonly members = readMembers(this.conversation);
  private readonly former = inject(Names).known;
  private readonly names = computed(() => namesOf(this.members(), this.former()));
  protected readonly mine = computed(() => {
    const { message } = this.picture();
    return !message || sameUser(message.sender, this.store.me);
  });
  protected readonly who = computed(() => {
    const { message } = this.picture();
    return this.mine() || !message ? $localize`You` : (this.names().get(message.sender) ?? message.sender);
  });
  private readonly sent = computed(() => {
    const { message } = this.picture();
    return message && new Date(message.timestamp);
  });
  protected readonly time = computed(() => {
    const sent = this.sent();
    return sent
      ? $localize`${dayHeading(sent, this.now())}:day:, ${clockTime(sent)}:time:`
      : $localize`Not sent yet`;
  });
  protected readonly exact = computed(() => (this.sent() ? fullTime(this.sent()!) : ''));

  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');
  private readonly stage = viewChild.required<ElementRef<HTMLElement>>('stage');
  private readonly head = viewChild.required<ElementRef<HTMLElement>>('head');

  constructor() {
    afterNextRender(() => {
      this.dialog().nativeElement.showModal();
      this.begin().catch(() =>
        this.say(this.picture(), $localize`This part did not load. Load the page again.`),
      );
    });
    inject(DestroyRef).onDestroy(() => this.swipe()?.destroy());
    // What was deleted is not looked at any longer.
    inject(WebSocketService)
      .updated$.pipe(takeUntilDestroyed())
      .subscribe(({ id, deletedAt }) => deletedAt && id === this.picture().message?.id && this.close());
  }

  private async begin(): Promise<void> {
    const { PhotoSwipe, sheet } = await import('./photo-swipe');
    if (!adopted) adopt(sheet);
    adopted = true;
    const dialog = this.dialog().nativeElement;
    if (!dialog.open) return;
    const swipe = new PhotoSwipe({
      dataSource: this.pictures().map(({ file: { width = 1, height = 1, name } }) => ({
        type: 'image',
        width,
        height,
        alt: name,
      })),
      index: this.first(),
      appendToEl: this.stage().nativeElement,
      paddingFn: ({ x }) => ({
        top: this.head().nativeElement.offsetHeight,
        bottom: MARGIN,
        left: x > 720 ? 72 : 0,
        right: x > 720 ? 72 : 0,
      }),
      bgOpacity: 1,
      loop: false,
      preload: [1, 1],
      // The dialog has buttons, Esc and the focus.
      arrowPrev: false,
      arrowNext: false,
      close: false,
      zoom: false,
      counter: false,
      ...NO_PRELOADER,
      // Twice what fits at least, also of one that fits as it is.
      secondaryZoomLevel: ({ fit }) => Math.max(1, 2 * fit),
      maxZoomLevel: ({ fit }) => Math.max(4, 4 * fit),
      escKey: false,
      trapFocus: false,
      returnFocus: false,
      wheelToZoom: true,
      // A mouse that presses the picture zooms, a finger hides what lies over it.
      imageClickAction: 'zoom',
      showHideAnimationType: 'fade',
      showAnimationDuration: FADE,
      hideAnimationDuration: FADE,
    });
    new Slides(
      swipe,
      this.files,
      this.pictures(),
      (picture) => this.stands(picture),
      (picture, failure) => this.say(picture, failure),
    );
    swipe.on('change', () => {
      this.index.set(swipe.currIndex);
      this.zoomed.set(false);
    });
    swipe.on('zoomPanUpdate', ({ slide }) => this.zoomed.set(slide.currZoomLevel > slide.zoomLevels.fit));
    // Keys in a dialog over this one are not for the pictures; and Tab leads to the next button.
    swipe.on('keydown', (event) => {
      if (event.originalEvent.key === 'Tab' || this.forwarding()) event.preventDefault();
    });
    swipe.on('destroy', () => dialog.close());
    swipe.init();
    describe(swipe);
    this.swipe.set(swipe);
  }

  protected step(by: 1 | -1): void {
    if (by === 1) this.swipe()?.next();
    else this.swipe()?.prev();
  }

  protected zoom(): void {
    this.swipe()?.toggleZoom();
  }

  /** Fades away first; what is not there yet is closed at once. */
  protected close(): void {
    if (this.swipe()?.opener.isOpen) this.swipe()?.close();
    else this.dialog().nativeElement.close();
  }

  protected leave(message: Message): void {
    this.dialog().nativeElement.close();
    this.show()?.(message);
  }

  protected play(): void {
    const picture = this.picture();
    this.played.update((played) => new Set(played).add(picture));
    this.swipe()?.refreshSlideContent(this.index());
  }

  protected async save(): Promise<void> {
    const picture = this.picture();
    this.say(picture, '');
    await this.files.save(picture.file).catch((error: unknown) => this.say(picture, explain(error)));
  }

  protected forward(rows: readonly Row[]): void {
    this.outbox.forward(
      rows.map(({ chat }) => chat),
      [{ text: '', attachments: [this.picture().file] }],
    );
  }

  private stands(picture: SentPicture): boolean {
    return (
      Boolean(picture.file.animated) &&
      !this.played().has(picture) &&
      matchMedia('(prefers-reduced-motion: reduce)').matches
    );
  }

  private say(picture: SentPicture, failure: string): void {
    this.failures.update((failures) => new Map(failures).set(picture, failure));
  }
}

/** PhotoSwipe calls itself a dialog and a carousel; it stands in a dialog that says what it shows. */
function describe({ element, scrollWrap }: PhotoSwipe): void {
  element?.removeAttribute('role');
  element?.removeAttribute('tabindex');
  scrollWrap?.removeAttribute('aria-roledescription');
}
