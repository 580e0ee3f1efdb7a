import type { Attachment } from '../../protocol/protocol';

const BARS = 40;
const HEIGHT = 24;
/** A digit for each bar. */
const LOUDEST = 15;
const SAID = /\.(\d{1,4})s\.([0-9a-f]{40})\.[a-z0-9]+$/;

/** How loud a voice message is over time, from 0 to 1, and how long it is. */
export interface Waveform {
  readonly bars: readonly number[];
  readonly seconds: number;
}

/**
 * What the name of a voice message says of it. Its bytes are not asked: a small file may be hours of silence, and
 * fill the memory of whoever opens the chat.
 */
export function waveformOf({ name }: Pick<Attachment, 'name'>): Waveform | null {
  const [, seconds, digits] = SAID.exec(name) ?? [];
  if (!seconds || !digits) return null;
  return { seconds: Number(seconds), bars: Array.from(digits, (digit) => parseInt(digit, 16) / LOUDEST) };
}

/** The same, as a part of the name: “32s.04ac…”. */
export function saidOf(levels: readonly number[], seconds: number): string {
  const digits = loudness(levels, BARS).map((one) => Math.round(one * LOUDEST).toString(16));
  return `${Math.round(seconds)}s.${digits.join('')}`;
}

/** The loudest level of each part, where the loudest of all is 1. */
export function loudness(levels: readonly number[], parts: number): number[] {
  const all = Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * levels.length) / parts);
    const to = Math.max(from + 1, Math.floor(((part + 1) * levels.length) / parts));
    return Math.max(0, ...levels.slice(from, to));
  });
  const loudest = Math.max(...all, 0.01);
  return all.map((one) => one / loudest);
}

/** Bars on 120 × 24 around the middle, as the path of an SVG; silence is a dot. */
export function pathOf(loud: readonly number[]): string {
  const step = 120 / loud.length;
  return loud
    .map((one, index) => {
      const height = Math.max(2, Math.round(one * HEIGHT));
      return `M${index * step} ${(HEIGHT - height) / 2}h2v${height}h-2z`;
    })
    .join('');
}
