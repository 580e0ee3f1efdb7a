import { describe, expect, it } from 'vitest';

import { fragmentOf, parts } from './fragment';
import { Words } from './words';

describe('a fragment', () => {
  it('is text and marked text', () => {
    expect(parts('…say <mark>Hello</mark>, <mark>hello</mark> again')).toEqual([
      { text: '…say ', marked: false },
      { text: 'Hello', marked: true },
      { text: ', ', marked: false },
      { text: 'hello', marked: true },
      { text: ' again', marked: false },
    ]);
    expect(parts('')).toEqual([]);
  });

  it('gives back what was escaped, once', () => {
    expect(parts('&lt;b&gt;&quot;<mark>a&amp;b</mark>&quot; &amp;lt; &#39;')).toEqual([
      { text: '<b>"', marked: false },
      { text: 'a&b', marked: true },
      { text: '" &lt; \'', marked: false },
    ]);
  });

  it('is never anything else, whatever a server sends', () => {
    expect(parts('<img src=x onerror=alert(1)><mark><b>x</b></mark>')).toEqual([
      { text: '<img src=x onerror=alert(1)>', marked: false },
      { text: '<b>x</b>', marked: true },
    ]);
  });
});

describe('a fragment of a text that is here', () => {
  it('is the part around the first word, with all of them marked', () => {
    const text = `${'word '.repeat(100)}<i>needle</i> & NEEDLES ${'and more '.repeat(100)}`;
    const found = parts(fragmentOf(text, new Words('needle')));
    expect(found.filter(({ marked }) => marked).map(({ text }) => text)).toEqual(['needle', 'NEEDLES']);
    const shown = found.map(({ text }) => text).join('');
    expect(shown).toMatch(/^….*<i>needle<\/i> & NEEDLES .*…$/);
    expect(shown.length).toBeLessThan(180);
    expect(parts(fragmentOf('needle', new Words('nee')))).toEqual([{ text: 'needle', marked: true }]);
  });
});
