import { describe, expect, it } from 'vitest';

import { partsOf } from './fold';

describe('a long text', () => {
  it('comes in parts of which nothing is lost', () => {
    for (const text of [
      '',
      'short',
      'x'.repeat(16_384),
      'a '.repeat(8_192),
      `${'y'.repeat(2_000)}\n`.repeat(5),
      '\n'.repeat(16_384),
      '🦊'.repeat(8_000),
      `a${'🦊'.repeat(8_000)}`,
    ]) {
      const parts = partsOf(text);
      expect(parts.join('')).toBe(text);
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(2_750);
        expect(part.split('\n').length).toBeLessThanOrEqual(201);
        expect(part.isWellFormed()).toBe(true);
      }
    }
  });

  it('ends a part where a line or a word ends', () => {
    expect(partsOf(`${'y'.repeat(2_000)}\n${'z'.repeat(2_000)}`).map(({ length }) => length)).toEqual([
      2_001, 2_000,
    ]);
    expect(partsOf(`${'y'.repeat(2_000)} ${'z'.repeat(2_000)}`).map(({ length }) => length)).toEqual([
      2_001, 2_000,
    ]);
    expect(partsOf('x'.repeat(2_750))).toHaveLength(1);
    expect(partsOf('line\n'.repeat(450)).map((part) => part.split('\n').length - 1)).toEqual([200, 200, 50]);
  });
});
