import {
  Component,
  computed,
  effect,
  type ElementRef,
  inject,
  input,
  output,
  signal,
  untracked,
  viewChild,
} from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';

import { Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import { Links } from '../../data/attachments/links';
import { Playback } from '../../data/attachments/playback';
import type { Attachment } from '../../protocol/protocol';

/** A film in its place, with the controls that people know from their browser. */
@Component({
  selector: 'aldis-video',
  template: `
    <video
      #video
      class="video"
      controls
      preload="metadata"
      playsinline
      [attr.src]="address()"
      [attr.aria-label]="label()"
      [attr.tabindex]="reachable() ? 0 : -1"
      (play)="playback.began(video)"
      (error)="again()"
    ></video>
  `,
})
export class VideoView {
  private readonly links = inject(Links);
  protected readonly playback = inject(Playback);

  readonly file = input.required<Attachment>();
  readonly reachable = input(false);
  protected readonly label = computed(() => $localize`Video ${this.file().name}:name:`);
  /** It cannot be played, or is not there any more. */
  readonly broken = output();

  protected readonly address = signal<string | null>(null);
  private fresh = false;
  /** There was no connection to ask for its link. */
  private waiting = false;
  private readonly video = viewChild.required<ElementRef<HTMLVideoElement>>('video');

  constructor() {
    inject(WebSocketService)
      .status$.pipe(takeUntilDestroyed())
      .subscribe((status) => status === 'online' && this.waiting && void this.load(true));
    effect(() => {
      this.file();
      void untracked(() => this.load(false));
    });
  }

  /** A link may have come to its end: once more with another, from where it was. */
  protected async again(): Promise<void> {
    if (this.fresh) return this.broken.emit();
    this.fresh = true;
    const { nativeElement } = this.video();
    const { currentTime, paused } = nativeElement;
    await this.load(true);
    nativeElement.currentTime = currentTime;
    if (!paused) await nativeElement.play().catch(() => undefined);
  }

  private async load(anew: boolean): Promise<void> {
    this.waiting = false;
    try {
      const address = await this.links.to(this.file(), anew);
      // Within a second the server gives the same link.
      if (address === this.address()) this.video().nativeElement.load();
      this.address.set(address);
    } catch (error) {
      this.waiting = error instanceof Failure && error.code === 'unreachable';
      if (!this.waiting) return this.broken.emit();
      // What did not open without a connection is no broken film.
      this.fresh = false;
    }
  }
}
