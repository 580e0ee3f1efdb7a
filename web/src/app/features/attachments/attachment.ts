import { ApplicationRef, Component, computed, effect, inject, input, signal, untracked } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';

import { around } from '../../core/language/around';
import { plural } from '../../core/language/plural';
import { WebSocketService } from '../../core/line/web-socket-service';
import { isPicture } from '../../data/attachments/boxes';
import { Files } from '../../data/attachments/files';
import { PDF, playsAs } from '../../data/attachments/playable';
import { fileKind, fileSize } from '../../data/attachments/size';
import { LoadedPictures, picturesOf } from '../../data/messages/loaded-pictures';
import type { Attachment, Message } from '../../protocol/protocol';
import { Icon } from '../../ui/icon';
import { SoundView } from './sound';
import { VideoView } from './video';
import { view } from './viewer';

/** What a message carries, in the place that is kept for it: a small picture, what plays, or a file to save. */
@Component({
  selector: 'aldis-attachment',
  imports: [Icon, SoundView, VideoView],
  template: `
    @if (picture()) {
      <button
        type="button"
        class="picture-button"
        [attr.aria-label]="label()"
        [attr.tabindex]="reachable() ? 0 : -1"
        (click)="open()"
      >
        @if (address(); as address) {
          <img [src]="address" alt="" />
        } @else if (failed()) {
          <aldis-icon name="warning" />
        }
        @if (more()) {
          <span class="more-pictures" aria-hidden="true">+{{ more() }}</span>
        } @else if (file().animated) {
          <span class="animated-badge" aria-hidden="true"><aldis-icon name="play" />{{ moving() }}</span>
        }
      </button>
    } @else if (plays() === 'video') {
      <aldis-video [file]="file()" [reachable]="reachable()" (broken)="broken.set(true)" />
    } @else if (plays() === 'sound') {
      <aldis-sound [file]="file()" [message]="message()" [reachable]="reachable()" />
    } @else {
      <button
        type="button"
        class="file-button"
        [attr.tabindex]="reachable() ? 0 : -1"
        [attr.aria-busy]="busy()"
        (click)="pdf() ? read() : save()"
      >
        <aldis-icon name="file" />
        <span class="file-name">
          <span class="unseen">{{ work()[0] }}</span><bdi>{{ file().name }}</bdi
          ><span class="unseen">{{ work()[1] }}</span>
        </span>
        <span class="file-note">{{ state() || note() }}</span>
        <aldis-icon [name]="pdf() ? 'open' : 'save'" />
      </button>
      <span class="unseen" role="status">{{ state() }}</span>
    }
  `,
})
export class AttachmentView {
  private readonly app = inject(ApplicationRef);
  private readonly files = inject(Files);
  private readonly loaded = inject(LoadedPictures);

  readonly file = input.required<Attachment>();
  /** All of its message. */
  readonly among = input.required<readonly Attachment[]>();
  /** Its message, once the server has that. */
  readonly message = input<Message>();
  /** Pictures of the message that are not shown beside this last one. */
  readonly more = input(0);
  readonly reachable = input(false);

  protected readonly address = signal('');
  protected readonly failed = signal(false);
  protected readonly busy = signal(false);
  protected readonly picture = computed(() => isPicture(this.file()));
  /** A film that did not play is a file to save. */
  protected readonly broken = signal(false);
  protected readonly plays = computed(() => (this.broken() ? undefined : playsAs(this.file())));
  protected readonly pdf = computed(() => this.file().type === PDF);
  protected readonly moving = computed(() =>
    this.file().type === 'image/gif' ? 'GIF' : $localize`Animated`,
  );
  protected readonly label = computed(() => {
    const { name, animated } = this.file();
    if (this.failed()) return $localize`Not loaded, try again: ${name}:name:`;
    if (this.more() === 0)
      return animated ? $localize`Open animated photo ${name}:name:` : $localize`Open photo ${name}:name:`;
    const more = plural(this.more(), $localize`{count, plural, one {# more} other {# more}}`);
    return animated
      ? $localize`Open animated photo ${name}:name: and ${more}:more:`
      : $localize`Open photo ${name}:name: and ${more}:more:`;
  });
  /** What a press does, around the name that everybody sees. */
  protected readonly work = computed(() =>
    around((name) => (this.pdf() ? $localize`Open ${name}:name:` : $localize`Download ${name}:name:`)),
  );
  protected readonly note = computed(() =>
    [fileKind(this.file().name), fileSize(this.file().size)].filter(Boolean).join(' · '),
  );
  /** What a download has come to, where that is worth a word. */
  protected readonly state = computed(() => {
    if (this.busy()) return this.pdf() ? $localize`Opening …` : $localize`Downloading …`;
    if (this.failed()) return $localize`Did not arrive. Try again.`;
    return this.broken() ? $localize`Does not play here. Save it to watch it.` : '';
  });

  constructor() {
    effect(() => {
      if (this.picture()) void untracked(() => this.load());
    });
    // What could not be fetched without a connection comes with it.
    inject(WebSocketService)
      .status$.pipe(takeUntilDestroyed())
      .subscribe((status) => status === 'online' && this.failed() && this.picture() && void this.load());
  }

  protected open(): void {
    if (this.failed()) return void this.load();
    const [message, id] = [this.message(), this.file().id];
    const pictures = message ? this.loaded.around(message) : picturesOf(this.among());
    const first = pictures.findIndex(
      (picture) => picture.file.id === id && picture.message?.id === message?.id,
    );
    view(this.app, pictures, Math.max(first, 0));
  }

  protected save(): Promise<void> {
    return this.attempt(() => this.files.save(this.file()));
  }

  protected read(): Promise<void> {
    // At once, while the browser knows that somebody pressed.
    const tab = window.open('', '_blank');
    return this.attempt(() => this.files.read(this.file(), tab));
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    if (this.busy()) return;
    this.busy.set(true);
    this.failed.set(
      await work().then(
        () => false,
        () => true,
      ),
    );
    this.busy.set(false);
  }

  private async load(): Promise<void> {
    this.failed.set(false);
    try {
      this.address.set(await this.files.picture(this.file().thumbnailUrl!));
    } catch {
      this.failed.set(true);
    }
  }
}
