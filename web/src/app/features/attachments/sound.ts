import { Component, computed, inject, input } from '@angular/core';

import { number } from '../../core/language/plural';
import { Playback } from '../../data/attachments/playback';
import { isVoice } from '../../data/attachments/playable';
import { fileSize } from '../../data/attachments/size';
import { pathOf, waveformOf } from '../../data/attachments/waveform';
import type { Attachment, Message } from '../../protocol/protocol';
import { Icon } from '../../ui/icon';

/** A sound in its place: a recorded message by how loud it is, another one by its name. */
@Component({
  selector: 'aldis-sound',
  imports: [Icon],
  templateUrl: './sound.html',
  host: { '[class.voice]': 'voice()' },
})
export class SoundView {
  protected readonly playback = inject(Playback);

  readonly file = input.required<Attachment>();
  /** Its message, once the server has that. */
  readonly message = input<Message>();
  readonly reachable = input(false);

  protected readonly voice = computed(() => isVoice(this.file()));
  private readonly wave = computed(() => (this.voice() ? waveformOf(this.file()) : null));
  protected readonly bars = computed(() => pathOf(this.wave()?.bars ?? []));
  protected readonly here = computed(() => this.playback.id() === this.file().id);
  protected readonly playing = computed(() => this.here() && this.playback.playing());
  protected readonly failed = computed(() => this.here() && this.playback.failed());
  protected readonly time = computed(() => (this.here() ? this.playback.time() : 0));
  /** What is said in a name may be wrong; of recordings not every browser knows more. */
  protected readonly length = computed(
    () => (this.here() && this.playback.length()) || (this.wave()?.seconds ?? 0),
  );
  protected readonly played = computed(() =>
    this.length() > 0 ? `${Math.min(100, (100 * this.time()) / this.length())}%` : '0%',
  );
  protected readonly note = computed(() => {
    if (this.failed()) return $localize`Did not play. Try again.`;
    if (this.time() > 0 || this.playing()) return clock(this.time());
    return this.length() > 0 ? clock(Math.round(this.length())) : fileSize(this.file().size);
  });
  protected readonly label = computed(() => {
    const { name } = this.file();
    if (this.voice()) return this.playing() ? $localize`Pause voice message` : $localize`Play voice message`;
    return this.playing() ? $localize`Pause ${name}:name:` : $localize`Play ${name}:name:`;
  });
  protected readonly placeLabel = computed(() =>
    this.voice() ? $localize`Place in voice message` : $localize`Place in ${this.file().name}:name:`,
  );
  protected readonly reached = computed(
    () => $localize`${clock(this.time())}:time: of ${clock(this.length())}:length:`,
  );
  protected readonly speed = computed(() => number(this.playback.speed()));
  protected readonly speedLabel = computed(() => $localize`Speed ${this.speed()}:speed:×`);

  protected seek(to: string): void {
    if (this.here()) this.playback.seek(Number(to));
  }
}

/** “0:07”, “12:30”. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
