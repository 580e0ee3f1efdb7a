import { describe, expect, it } from 'vitest';

import { blocksOf } from './blocks';
import { fold } from './fold';

const partsOf = (text: string) => fold(blocksOf(text)).map((part) => part.map(({ text }) => text).join('\n'));

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
        expect(part.split('\n').length).toBeLessThanOrEqual(206);
        expect(part.isWellFormed()).toBe(true);
      }
    }
  });

  it('ends a part where a line or a word ends, the first one sooner', () => {
    const lengths = (text: string) => partsOf(text).map(({ length }) => length);
    expect(lengths(`${'y'.repeat(1_400)}\n${'z'.repeat(2_000)}`)).toEqual([1_401, 2_000]);
    expect(lengths(`${'y'.repeat(1_400)} ${'z'.repeat(2_000)}`)).toEqual([1_401, 2_000]);
    expect(lengths('x'.repeat(1_750))).toEqual([1_750]);
    const lines = (text: string) => partsOf(text).map((part) => part.split('\n').length - 1);
    expect(lines('line\n'.repeat(450))).toEqual([25, 200, 200, 25]);
    // A rest of a few lines comes with what is before it.
    expect(lines('line\n'.repeat(29))).toEqual([29]);
    expect(lines(`one\n> two\n${'line\n'.repeat(26)}`)).toEqual([28]);
  });
});
