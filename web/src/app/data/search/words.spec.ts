import { describe, expect, it } from 'vitest';

import { Words } from './words';

const marked = (query: string, text: string) =>
  new Words(query).marks(text).map(([from, to]) => text.slice(from, to));

describe('the words that are looked for', () => {
  it('must all occur, the last as a beginning, without case and accents', () => {
    const found = (query: string, text: string) => new Words(query).matches(text);
    expect(found('hel', 'Hello')).toBe(true);
    expect(found('wor hello', 'hello, wor')).toBe(true);
    expect(found('hel wor', 'hello world')).toBe(false);
    expect(found('hello wor', 'hello world')).toBe(true);
    expect(found('ello', 'hello')).toBe(false);
    expect(found('creme brul', 'Une CRÈME brûlée')).toBe(true);
    expect(found('oresund', 'Øresund')).toBe(true);
    expect(found('…', '… and so on')).toBe(false);
    expect(found('', 'anything')).toBe(false);
  });

  it('are found inside a sentence of a script without spaces', () => {
    expect(new Words('京大').matches('我在北京大学')).toBe(true);
    expect(new Words('学北').matches('我在北京大学')).toBe(false);
    expect(new Words('東京 hel').matches('Hello 東京')).toBe(true);
    expect(marked('京', '北京和京都')).toEqual(['京', '京']);
  });

  it('are marked in the text as it was written', () => {
    expect(marked('creme bru', 'Crème, une CRÈME brûlée; BRUN')).toEqual([
      'Crème',
      'CRÈME',
      'brûlée',
      'BRUN',
    ]);
    expect(marked('lighthouse', 'The <b>lighthouse</b> & its keeper')).toEqual(['lighthouse']);
    expect(marked('x', 'nothing')).toEqual([]);
  });
});
