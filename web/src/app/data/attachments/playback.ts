import { computed, inject, Service, signal } from '@angular/core';

import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import type { Attachment, AttachmentId, Message } from '../../protocol/protocol';
import { Files } from './files';
import { Links } from './links';
import { isVoice } from './playable';

export const SPEEDS = [1, 1.5, 2] as const;

/**
 * What plays: one thing at a time. Sounds play here and not in their messages, so that one may scroll on and
 * hear to the end.
 */
@Service()
export class Playback {
  private readonly files = inject(Files);
  private readonly links = inject(Links);
  private readonly audio = new Audio();
  private current: HTMLMediaElement | null = null;
  /** Of a recording, within this page. */
  private address = '';
  private fresh = false;
  /** What is heard goes with the message that carries it. */
  private message: Message | undefined;

  private readonly file = signal<Attachment | null>(null);
  readonly id = computed<AttachmentId | null>(() => this.file()?.id ?? null);
  readonly playing = signal(false);
  readonly loading = signal(false);
  readonly failed = signal(false);
  /** In seconds. */
  readonly time = signal(0);
  readonly length = signal(0);
  /** Of recordings; what is heard to be enjoyed is not made faster. */
  readonly speed = signal<number>(1);

  constructor() {
    const { audio } = this;
    const on = (name: string, act: () => void) => audio.addEventListener(name, act);
    on('play', () => this.playing.set(true));
    on('pause', () => this.playing.set(false));
    on('timeupdate', () => this.time.set(audio.currentTime));
    on('ended', () => this.time.set(0));
    on('durationchange', () => Number.isFinite(audio.duration) && this.length.set(audio.duration));
    on('error', () => void this.again());
    // Whoever logs out is not heard any more.
    inject(AuthService).user$.subscribe((user) => user || this.stop());
    inject(WebSocketService).updated$.subscribe(
      ({ id, deletedAt }) => deletedAt && id === this.message?.id && this.stop(),
    );
  }

  /** Another one stops. */
  began(element: HTMLMediaElement): void {
    if (this.current !== element) this.current?.pause();
    this.current = element;
  }

  /** Whatever plays. */
  pause(): void {
    this.current?.pause();
  }

  async toggle(file: Attachment, message?: Message): Promise<void> {
    if (this.id() !== file.id || this.failed()) await this.load(file, message);
    else if (!this.audio.paused) return this.audio.pause();
    await this.play();
  }

  /** Goes to a place of what is loaded, in seconds. */
  seek(time: number): void {
    this.audio.currentTime = time;
    this.time.set(time);
  }

  faster(): void {
    const index = SPEEDS.findIndex((speed) => speed === this.speed());
    this.speed.set(SPEEDS[(index + 1) % SPEEDS.length]!);
    this.setSpeed();
  }

  private async load(file: Attachment, message?: Message): Promise<void> {
    this.stop();
    this.file.set(file);
    this.message = message;
    this.fresh = false;
    await this.source(file, false);
  }

  private async source(file: Attachment, anew: boolean): Promise<void> {
    this.loading.set(true);
    try {
      // The bytes of a recording do not say how long it is, so a browser only moves in what is all there.
      const address = isVoice(file)
        ? URL.createObjectURL(await this.files.bytes(file))
        : await this.links.to(file, anew);
      if (this.id() !== file.id) return;
      if (isVoice(file)) this.address = address;
      this.audio.src = address;
    } catch {
      if (this.id() === file.id) this.failed.set(true);
    } finally {
      if (this.id() === file.id) this.loading.set(false);
    }
  }

  private async play(): Promise<void> {
    if (this.failed() || !this.audio.src) return;
    this.began(this.audio);
    this.setSpeed();
    // Stopped before it began, or refused: the events say what came of it.
    await this.audio.play().catch(() => undefined);
  }

  /** A link may have come to its end: once more with another, from where it was. */
  private async again(): Promise<void> {
    const file = this.file();
    if (!file || !this.audio.src) return;
    if (this.fresh) {
      this.playing.set(false);
      return this.failed.set(true);
    }
    this.fresh = true;
    const time = this.audio.currentTime;
    await this.source(file, true);
    if (time > 0) this.audio.currentTime = time;
    await this.play();
  }

  private setSpeed(): void {
    const file = this.file();
    this.audio.playbackRate = file && isVoice(file) ? this.speed() : 1;
  }

  private stop(): void {
    this.file.set(null);
    this.audio.pause();
    this.audio.removeAttribute('src');
    this.audio.load();
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = '';
    this.failed.set(false);
    this.time.set(0);
    this.length.set(0);
  }
}
