import {
  afterNextRender,
  type ApplicationRef,
  Component,
  computed,
  createComponent,
  effect,
  type ElementRef,
  inject,
  input,
  linkedSignal,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { explain } from '../../core/http/problem';
import { Files } from '../../data/attachments/files';
import type { Attachment } from '../../protocol/protocol';
import { Icon } from '../../ui/icon';

/** A finger that moved so far meant to. */
const SWIPE = 48;

/** Opens pictures over the page, beginning with one of them. */
export function view(app: ApplicationRef, pictures: readonly Attachment[], first: number): void {
  const viewer = createComponent(Viewer, { environmentInjector: app.injector });
  viewer.setInput('pictures', pictures);
  viewer.setInput('first', first);
  viewer.instance.closed.subscribe(() => viewer.destroy());
  app.attachView(viewer.hostView);
  document.body.append(viewer.location.nativeElement as Element);
}

/**
 * The pictures of a message, one at a time and as large as there is room. Modal: Esc closes and the focus
 * goes back.
 */
@Component({
  selector: 'aldis-viewer',
  imports: [Icon],
  template: `
    <!-- Esc closes it without being asked to. -->
    <!-- eslint-disable-next-line @angular-eslint/template/interactive-supports-focus -->
    <dialog
      #dialog
      class="viewer"
      aria-label="Photo"
      (close)="closed.emit()"
      (keydown)="key($event)"
      (click)="outside($event)"
    >
      <header class="viewer-head">
        <p class="viewer-name" dir="auto">{{ picture().name }}</p>
        <p class="viewer-note" role="status">{{ note() }}</p>
        <button type="button" class="icon-button" aria-label="Download" title="Download" (click)="save()">
          <aldis-icon name="save" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="Close"
          title="Close (Esc)"
          autofocus
          (click)="dialog.close()"
        >
          <aldis-icon name="close" />
        </button>
      </header>
      <div class="viewer-stage" (pointerdown)="from = $event.clientX" (pointerup)="swiped($event)">
        @if (shown(); as shown) {
          <img
            [src]="shown"
            [alt]="picture().name"
            [width]="picture().width"
            [height]="picture().height"
            [class.small]="!address()"
            (error)="broken(shown)"
          />
        }
        @if (still()) {
          <button type="button" class="button" (click)="playing.set(true)">Play</button>
        }
      </div>
      @if (pictures().length > 1) {
        <button
          type="button"
          class="icon-button viewer-before"
          aria-label="Photo before"
          title="Before (←)"
          (click)="step(-1)"
        >
          <aldis-icon name="back" />
        </button>
        <button
          type="button"
          class="icon-button viewer-after"
          aria-label="Next photo"
          title="Next (→)"
          (click)="step(1)"
        >
          <aldis-icon name="back" />
        </button>
      }
    </dialog>
  `,
})
export class Viewer {
  private readonly files = inject(Files);

  readonly pictures = input.required<readonly Attachment[]>();
  readonly first = input.required<number>();
  readonly closed = output();

  private readonly index = linkedSignal(() => this.first());
  protected readonly picture = computed(() => this.pictures()[this.index()]!);
  protected readonly address = signal('');
  private readonly small = signal('');
  /** Until the picture itself is there, the small one in its place. */
  protected readonly shown = computed(() => this.address() || this.small());
  /** Somebody who wants less to move said that this one may. */
  protected readonly playing = linkedSignal({ source: this.picture, computation: () => false });
  protected readonly still = computed(
    () =>
      Boolean(this.picture().animated) &&
      !this.playing() &&
      matchMedia('(prefers-reduced-motion: reduce)').matches,
  );
  private readonly failure = signal('');
  protected readonly note = computed(() => {
    const { length } = this.pictures();
    return [length > 1 ? `${this.index() + 1} of ${length}` : '', this.failure()].filter(Boolean).join(' · ');
  });
  /** Where a finger came down. */
  protected from = 0;
  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');

  constructor() {
    afterNextRender(() => this.dialog().nativeElement.showModal());
    effect((onCleanup) => {
      const picture = this.picture();
      const abort = new AbortController();
      for (const state of [this.address, this.small, this.failure]) state.set('');
      void this.show(picture, this.still(), abort.signal);
      onCleanup(() => {
        abort.abort();
        URL.revokeObjectURL(this.address());
      });
    });
  }

  protected step(by: 1 | -1): void {
    const { length } = this.pictures();
    this.index.update((index) => (index + by + length) % length);
  }

  protected key({ key }: KeyboardEvent): void {
    if (key === 'ArrowRight') this.step(1);
    else if (key === 'ArrowLeft') this.step(-1);
  }

  /** A finger that moves sideways turns to the next one, or to the one before. */
  protected swiped({ pointerType, clientX }: PointerEvent): void {
    const moved = clientX - this.from;
    if (pointerType === 'touch' && Math.abs(moved) > SWIPE) this.step(moved < 0 ? 1 : -1);
  }

  /** A press beside the picture. */
  protected outside({ target }: Event): void {
    if ((target as Element).matches('.viewer, .viewer-stage')) this.dialog().nativeElement.close();
  }

  protected async save(): Promise<void> {
    this.failure.set('');
    await this.files.save(this.picture()).catch((error: unknown) => this.failure.set(explain(error)));
  }

  /** What the browser cannot show after all is shown small. */
  protected broken(shown: string): void {
    if (shown !== this.address()) return;
    URL.revokeObjectURL(shown);
    this.address.set('');
    this.failure.set('This browser cannot show it larger.');
  }

  private async show(picture: Attachment, still: boolean, signal: AbortSignal): Promise<void> {
    this.files.picture(picture.thumbnailUrl!).then(
      (small) => signal.aborted || this.small.set(small),
      () => undefined,
    );
    if (still) return;
    try {
      const bytes = await this.files.bytes(picture, signal);
      if (!signal.aborted) this.address.set(URL.createObjectURL(bytes));
    } catch (error) {
      if (!signal.aborted) this.failure.set(explain(error));
    }
  }
}
