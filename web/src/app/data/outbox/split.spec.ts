import { describe, expect, it } from 'vitest';

import { split } from './split';

const bytes = (text: string) => new TextEncoder().encode(text).length;

describe('a text that is too long', () => {
  it('is split where a paragraph, a line or a word ends', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(9_000));
    expect(split(`${a}\n\n${b}\n\n${c}`)).toEqual([a, b, c]);
    expect(split(`${a}\n${b}`)).toEqual([a, b]);
    expect(split(`${a} ${b}`)).toEqual([a, b]);
    expect(split('short')).toEqual(['short']);
  });

  it('is never split within what people see as one character, and nothing is lost', () => {
    for (const character of ['x', '界', '🦊', '👩‍👩‍👧‍👦', 'e\u0301', '\u0301']) {
      const text = `a${character.repeat(20_000 / character.length)}`;
      const parts = split(text);
      expect(parts.join(''), character).toBe(text);
      for (const part of parts) {
        expect(bytes(part)).toBeLessThanOrEqual(16_384);
        if (character !== '\u0301') expect(part.replace(/^a/, '').startsWith(character)).toBe(true);
      }
    }
  });
});
