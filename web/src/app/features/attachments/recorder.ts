import {
  afterNextRender,
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

import type { ChatKey } from '../../core/chat-key';
import { AuthService } from '../../core/session/auth-service';
import { PendingAttachments } from '../../data/attachments/pending-attachments';
import { Playback } from '../../data/attachments/playback';
import { LONGEST, missing, refusal, VoiceRecording } from '../../data/attachments/voice-recording';
import { pathOf } from '../../data/attachments/waveform';
import { Icon } from '../../ui/icon';
import { clock } from './sound';

/** In place of the field while one speaks: how long and how loud it is, to be sent or thrown away. */
@Component({
  selector: 'aldis-recorder',
  imports: [Icon],
  template: `
    <button
      type="button"
      class="icon-button"
      aria-label="Throw the recording away"
      i18n-aria-label
      title="Throw away (Esc)"
      i18n-title
      (click)="discard()"
    >
      <aldis-icon name="close" />
    </button>
    @if (failure(); as failure) {
      <p class="recorder-note" role="alert">{{ failure }}</p>
    } @else {
      <span class="recorder-dot" aria-hidden="true"></span>
      <span class="recorder-time" role="timer">{{ time() }}</span>
      <svg class="recorder-level" viewBox="0 0 120 24" preserveAspectRatio="none" aria-hidden="true">
        <path [attr.d]="bars()" />
      </svg>
      <span class="recorder-note" role="status">{{ note() }}</span>
      <button
        #send
        type="button"
        class="send-button"
        aria-label="Send voice message"
        i18n-aria-label
        title="Send voice message"
        i18n-title
        [attr.aria-disabled]="!recording()"
        (click)="finish()"
      >
        <aldis-icon name="send" />
      </button>
    }
  `,
  host: {
    '(keydown.escape)': '$event.preventDefault(); $event.stopPropagation(); discard()',
    '(window:beforeunload)': 'leave($event)',
  },
})
export class Recorder {
  private readonly attached = inject(PendingAttachments);
  private readonly auth = inject(AuthService);

  readonly chat = input.required<ChatKey>();
  readonly recorded = output<File>();
  readonly closed = output();

  protected readonly recording = signal<VoiceRecording | null>(null);
  protected readonly failure = signal('');
  protected readonly time = computed(() => clock(this.recording()?.time() ?? 0));
  protected readonly bars = computed(() => pathOf(this.recording()?.levels() ?? []));
  protected readonly note = computed(() => {
    const recording = this.recording();
    if (!recording) return $localize`Waiting for the microphone`;
    if (recording.cut()) return $localize`The microphone is gone.`;
    return recording.time() >= LONGEST ? $localize`It cannot be longer.` : '';
  });
  private gone = false;
  private readonly button = viewChild<ElementRef<HTMLElement>>('send');

  constructor() {
    inject(Playback).pause();
    inject(DestroyRef).onDestroy(() => {
      this.gone = true;
      void this.keep();
    });
    afterNextRender(() => {
      this.button()?.nativeElement.focus();
      void this.begin();
    });
  }

  protected discard(): void {
    this.taken()?.cancel();
    this.closed.emit();
  }

  protected async finish(): Promise<void> {
    const voice = await this.taken()?.end();
    if (!voice) return;
    if (this.gone) this.attach(voice);
    else if (voice.size > 0) this.recorded.emit(voice);
    else this.closed.emit();
  }

  /** A page that somebody logged out of goes unasked. */
  protected leave(event: Event): void {
    if (this.recording() && this.auth.user) event.preventDefault();
  }

  /** Whoever goes to another chat, or begins something else in this one, finds what they said attached here. */
  private async keep(): Promise<void> {
    const recording = this.taken();
    if (!this.auth.user) return recording?.cancel();
    const voice = await recording?.end();
    if (voice) this.attach(voice);
  }

  private attach(voice: File): void {
    if (voice.size > 0) this.attached.add(this.chat(), [voice]);
  }

  /** Whoever takes it ends it. */
  private taken(): VoiceRecording | null {
    const recording = this.recording();
    this.recording.set(null);
    return recording;
  }

  private async begin(): Promise<void> {
    const lacking = missing();
    if (lacking) return this.failure.set(lacking);
    try {
      const recording = await VoiceRecording.begin();
      // Closed while the browser asked.
      if (this.gone) recording.cancel();
      else this.recording.set(recording);
    } catch (error) {
      this.failure.set(refusal(error));
    }
  }
}
