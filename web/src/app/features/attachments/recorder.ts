import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  type ElementRef,
  inject,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { Playback } from '../../data/attachments/playback';
import { LONGEST, missing, refusal, VoiceRecording } from '../../data/attachments/voice-recording';
import { pathOf } from '../../data/attachments/waveforms';
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
      (click)="closed.emit()"
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
  host: { '(keydown.escape)': '$event.preventDefault(); $event.stopPropagation(); closed.emit()' },
})
export class Recorder {
  readonly recorded = output<File>();
  readonly closed = output();

  protected readonly recording = signal<VoiceRecording | null>(null);
  protected readonly failure = signal('');
  protected readonly time = computed(() => clock(this.recording()?.time() ?? 0));
  protected readonly bars = computed(() => pathOf(this.recording()?.levels() ?? []));
  protected readonly note = computed(() => {
    const recording = this.recording();
    if (!recording) return $localize`Waiting for the microphone`;
    return recording.time() >= LONGEST ? $localize`It cannot be longer.` : '';
  });
  private gone = false;
  private readonly button = viewChild<ElementRef<HTMLElement>>('send');

  constructor() {
    inject(Playback).pause();
    inject(DestroyRef).onDestroy(() => {
      this.gone = true;
      this.recording()?.cancel();
    });
    afterNextRender(() => {
      this.button()?.nativeElement.focus();
      void this.begin();
    });
  }

  protected async finish(): Promise<void> {
    const recording = this.recording();
    if (!recording) return;
    const file = await recording.end();
    if (this.gone) return;
    if (file.size > 0) this.recorded.emit(file);
    else this.closed.emit();
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
