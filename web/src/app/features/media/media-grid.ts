import { ApplicationRef, Component, computed, inject, input, output, signal } from '@angular/core';

import { fullTime } from '../../core/format/time';
import { isPicture } from '../../data/attachments/boxes';
import type { Message } from '../../protocol/protocol';
import { rightToLeft } from '../../ui/direction';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { VideoView } from '../attachments/video';
import { view } from '../attachments/viewer';
import { filesOf, monthsOf, type SharedFile } from './items';
import { SmallPicture } from './small-picture';

/** Pictures and films as squares, by month. */
@Component({
  selector: 'aldis-media-grid',
  imports: [Dialog, Icon, SmallPicture, VideoView],
  template: `
    @for (month of months(); track month.key) {
      <section class="media-month" [attr.aria-labelledby]="'month-' + month.key">
        <h3 class="media-heading" [id]="'month-' + month.key">{{ month.heading }}</h3>
        <ul class="media-squares">
          @for (item of month.files; track item.key) {
            <li>
              <button
                type="button"
                class="media-square"
                [attr.aria-label]="label(item)"
                [tabindex]="item.key === reached() ? 0 : -1"
                (focus)="focused.set(item.key)"
                (click)="open(item)"
              >
                @if (item.file.thumbnailUrl; as small) {
                  <aldis-small-picture [url]="small" />
                  @if (item.file.animated) {
                    <span class="media-badge" aria-hidden="true"><aldis-icon name="play" /></span>
                  }
                } @else {
                  <span class="media-film" aria-hidden="true">
                    <aldis-icon name="play" />
                    <span class="media-film-name">{{ item.file.name }}</span>
                  </span>
                }
              </button>
            </li>
          }
        </ul>
      </section>
    }
    @if (film(); as film) {
      <aldis-dialog [heading]="film.file.name" (closed)="this.film.set(null)">
        <div class="media-player">
          @if (broken()) {
            <p class="form-error" role="alert">{{ words.broken }}</p>
          } @else {
            <aldis-video [file]="film.file" [reachable]="true" (broken)="broken.set(true)" />
          }
        </div>
        <button type="button" class="button quiet" (click)="leave(film.message)">
          <aldis-icon name="chat" />{{ words.show }}
        </button>
      </aldis-dialog>
    }
  `,
  // The arrows move between the squares, of which Tab reaches one.
  host: { '(keydown)': 'move($event)' },
})
export class MediaGrid {
  protected readonly words = { broken: $localize`Does not play here.`, show: $localize`Show in chat` };
  private readonly app = inject(ApplicationRef);

  readonly messages = input.required<readonly Message[]>();
  readonly goTo = output<Message>();

  private readonly items = computed(() => filesOf(this.messages(), 'media'));
  protected readonly months = computed(() => monthsOf(this.items()));
  protected readonly focused = signal('');
  protected readonly reached = computed(() => {
    const keys = this.items().map(({ key }) => key);
    return keys.includes(this.focused()) ? this.focused() : keys[0];
  });
  protected readonly film = signal<SharedFile | null>(null);
  protected readonly broken = signal(false);

  protected label({ file, time }: SharedFile): string {
    const { name } = file;
    const what = !isPicture(file)
      ? $localize`Play film ${name}:name:`
      : file.animated
        ? $localize`Open animated photo ${name}:name:`
        : $localize`Open photo ${name}:name:`;
    return `${what}, ${fullTime(time)}`;
  }

  protected open(item: SharedFile): void {
    if (!isPicture(item.file)) {
      this.broken.set(false);
      return this.film.set(item);
    }
    // The viewer goes forward in time, as in the chat.
    const pictures = this.items()
      .filter(({ file }) => isPicture(file))
      .reverse();
    view(this.app, pictures, pictures.indexOf(item), (message) => this.goTo.emit(message));
  }

  protected leave(message: Message): void {
    this.film.set(null);
    this.goTo.emit(message);
  }

  protected move(event: KeyboardEvent): void {
    const squares = [
      ...(event.currentTarget as Element).querySelectorAll<HTMLButtonElement>('.media-square'),
    ];
    const at = squares.indexOf(event.target as HTMLButtonElement);
    const to = at < 0 ? undefined : target(squares, at, event.key);
    if (!to) return;
    event.preventDefault();
    to.focus();
  }
}

/** The square that an arrow leads to from another one. */
function target(
  squares: readonly HTMLButtonElement[],
  at: number,
  key: string,
): HTMLButtonElement | undefined {
  const from = squares[at]!;
  const forward = rightToLeft() ? 'ArrowLeft' : 'ArrowRight';
  if (key === 'Home') return squares[0];
  if (key === 'End') return squares.at(-1);
  if (key === 'ArrowRight' || key === 'ArrowLeft') return squares[at + (key === forward ? 1 : -1)];
  // Months end anywhere in a row: the nearest one in the next row is meant.
  const box = from.getBoundingClientRect();
  const rows = squares.map((square) => ({ square, box: square.getBoundingClientRect() }));
  const beyond =
    key === 'ArrowDown'
      ? rows.filter((other) => other.box.top > box.top + 1)
      : key === 'ArrowUp'
        ? rows.filter((other) => other.box.top < box.top - 1).reverse()
        : [];
  const row = beyond.filter((other) => Math.abs(other.box.top - beyond[0]!.box.top) < 1);
  const distance = (other: DOMRect) => Math.abs(other.left - box.left);
  return row.sort((a, b) => distance(a.box) - distance(b.box))[0]?.square;
}
