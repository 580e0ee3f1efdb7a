import { describe, expect, it } from 'vitest';

import tokens from './tokens.css' with { loader: 'text' };

type Mode = 'light' | 'dark';

/** A colour of the tokens, as it is in one of the two modes. */
function colour(name: string, mode: Mode): string {
  const [, light, dark] = new RegExp(`--${name}: light-dark\\((#\\w+), (#\\w+)\\)`).exec(tokens)!;
  return (mode === 'light' ? light : dark)!;
}

/** The relative luminance of WCAG 2. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string, mode: Mode): number {
  const [a, b] = [luminance(colour(one, mode)), luminance(colour(other, mode))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

describe.each<Mode>(['light', 'dark'])('the bubbles of one’s own messages (%s)', (mode) => {
  it('stand out from the ground', () => {
    expect(contrast('own', 'page', mode)).toBeGreaterThanOrEqual(1.25);
  });

  it('can be read', () => {
    for (const ink of ['own-ink', 'own-quiet', 'own-link'])
      expect(contrast(ink, 'own', mode), ink).toBeGreaterThanOrEqual(4.5);
    // Ticks and lines are not text.
    for (const mark of ['read', 'accent'])
      expect(contrast(mark, 'own', mode), mark).toBeGreaterThanOrEqual(3);
  });
});

describe.each<Mode>(['light', 'dark'])('the colours of code (%s)', (mode) => {
  it('can be read', () => {
    const inks = ['keyword', 'string', 'number', 'name', 'variable', 'meta'].map((kind) => `code-${kind}`);
    for (const ink of [...inks, 'ink', 'ink-quiet', 'good', 'danger'])
      expect(contrast(ink, 'panel', mode), ink).toBeGreaterThanOrEqual(4.5);
  });
});
