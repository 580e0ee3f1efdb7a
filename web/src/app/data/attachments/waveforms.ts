import { inject, Service } from '@angular/core';

import { keepNewest } from '../../core/keep-newest';
import type { Attachment, AttachmentId } from '../../protocol/protocol';
import { Files } from './files';

/** Larger ones are heard without being drawn: about four minutes as browsers record. */
const LARGEST = 4_000_000;
/** Enough to see how loud it is; all of it is in memory for a moment. */
const SAMPLES_PER_SECOND = 8_000;
const BARS = 40;
const HEIGHT = 24;
const HELD = 200;

export interface Waveform {
  /** Bars on 120 × 24, as the path of an SVG. */
  readonly path: string;
  readonly seconds: number;
}

/** How loud recordings are over time, found from their bytes, one after the other. */
@Service()
export class Waveforms {
  private readonly files = inject(Files);
  private readonly held = new Map<AttachmentId, Promise<Waveform | null>>();
  private turn: Promise<unknown> = Promise.resolve();

  of(file: Attachment): Promise<Waveform | null> {
    const known = this.held.get(file.id);
    if (known) return known;
    const found = this.turn.then(() => this.measure(file));
    this.turn = found.catch(() => undefined);
    found.catch(() => this.held.delete(file.id));
    keepNewest(this.held, file.id, found, HELD);
    return found;
  }

  private async measure(file: Attachment): Promise<Waveform | null> {
    if (file.size > LARGEST || !('OfflineAudioContext' in window)) return null;
    const bytes = await (await this.files.bytes(file)).arrayBuffer();
    const sound = await new OfflineAudioContext(1, 1, SAMPLES_PER_SECOND).decodeAudioData(bytes);
    return { path: pathOf(loudness(sound.getChannelData(0), BARS)), seconds: sound.duration };
  }
}

/** The loudest sample of each part, where the loudest of all is 1. */
export function loudness(samples: Float32Array, parts: number): number[] {
  const all = Array.from({ length: parts }, (_, part) => {
    const [from, to] = [part, part + 1].map((edge) => Math.floor((edge * samples.length) / parts));
    let most = 0;
    for (let index = from!; index < to!; index++) most = Math.max(most, Math.abs(samples[index]!));
    return most;
  });
  const loudest = Math.max(...all, 0.01);
  return all.map((one) => one / loudest);
}

/** A bar for each, around the middle; silence is a dot. */
export function pathOf(loud: readonly number[]): string {
  const step = 120 / loud.length;
  return loud
    .map((one, index) => {
      const height = Math.max(2, Math.round(one * HEIGHT));
      return `M${index * step} ${(HEIGHT - height) / 2}h2v${height}h-2z`;
    })
    .join('');
}
