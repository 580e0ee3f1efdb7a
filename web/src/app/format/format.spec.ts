import { describe, expect, it } from 'vitest';

import { emojiOnly, initials, oneLine, segments } from './text';
import { dayHeading, dayNumber, lastSeenTime, rowTime } from './time';
import { uuidv7 } from './uuid';

describe('text', () => {
  it('finds the members whom the server found mentioned, and nobody else', () => {
    const named = (text: string, ...mentions: string[]) => segments(text, mentions).flatMap(({ text, mention }) => (mention ? [[text, mention]] : []));
    expect(named('hi @ann, @BOB and @nobody; mail ann@bob.example', 'ann', 'bob')).toEqual([['@ann', 'ann'], ['@BOB', 'bob']]);
    expect(named('ask @bob.', 'bob.')).toEqual([['@bob.', 'bob.']]);
    expect(named('ask @bob... or @@ann', 'bob', 'ann')).toEqual([['@bob', 'bob'], ['@ann', 'ann']]);
    expect(named('see https://a.example/@ann and @annabel', 'ann')).toEqual([]);
    expect(segments('ask @bob.', ['bob']).map(({ text }) => text)).toEqual(['ask ', '@bob', '.']);
  });

  it('finds links and leaves the sentence around them', () => {
    expect(segments('See (https://a.example/b_(c)), then https://d.example.')).toEqual([
      { text: 'See (' },
      { text: 'https://a.example/b_(c)', href: 'https://a.example/b_(c)' },
      { text: '), then ' },
      { text: 'https://d.example', href: 'https://d.example' },
      { text: '.' },
    ]);
  });

  it('never makes a link of anything but http', () => {
    expect(segments('javascript:alert(1) data:text/html,x https://')).toEqual([{ text: 'javascript:alert(1) data:text/html,x https://' }]);
  });

  it('shows what people mean with marks, at the edges of words only', () => {
    const shown = (text: string, ...mentions: string[]) => segments(text, mentions).map(({ text, style, href, mention }) => (style ? `<${style}>${text}` : (href ?? mention) ? `(${text})` : text));
    expect(shown('a *b c* d')).toEqual(['a ', '<strong>b c', ' d']);
    expect(shown('*_both_* and ~gone~!')).toEqual(['<strong em>both', ' and ', '<del>gone', '!']);
    expect(shown('say `*no* @ann https://a.example` now', 'ann')).toEqual(['say ', '<code>*no* ', '<code>@ann', '<code> ', '<code>https://a.example', ' now']);
    expect(shown('```\nlet a = 1;\nlet b;\n```')).toEqual(['<code block>let a = 1;\nlet b;']);
    expect(shown('*see https://a.example/_b_c_ now*')).toEqual(['<strong>see ', '<strong>https://a.example/_b_c_', '<strong> now']);
    expect(shown('*@a_b_c* d', 'a_b_c')).toEqual(['<strong>@a_b_c', ' d']);
    for (const plain of ['SELECT *, count(*) FROM t', 'ls src/*/test/*', '(_, x, _)', '2*3*4', 'snake_case_name', '* a * b *', '**', '~5 to ~6', '*a\nb*', '`', '``````', '*', 'a * b']) expect(shown(plain)).toEqual([plain]);
  });

  it('makes one link of an address, whatever is in it', () => {
    expect(segments('https://good.example`x`@evil.example/')).toEqual([{ text: 'https://good.example', href: 'https://good.example' }, { text: 'x', style: 'code' }, { text: '@evil.example/' }]);
  });

  it('styles a long text of nothing but marks in no time', () => {
    for (const long of ['*'.repeat(16_000), '*a '.repeat(5_000), '`'.repeat(16_000), '_*~'.repeat(5_000), '``` '.repeat(4_000)]) expect(segments(long).map(({ text }) => text).join('').length).toBeGreaterThan(0);
  });

  it('knows texts that are only emoji', () => {
    expect(['👍', '🎉 🎉', '👩‍👩‍👧‍👦', '🇩🇪🏳️‍🌈'].map(emojiOnly)).toEqual([true, true, true, true]);
    expect(['ok 👍', '123', '', '👍👍👍👍', '…'].map(emojiOnly)).toEqual([false, false, false, false, false]);
  });

  it('makes initials of whole characters', () => {
    expect(['Ann Kowalski', 'bob', '張 偉', '🦊 Fox', 'a.b_c', ''].map(initials)).toEqual(['AK', 'B', '張偉', '🦊F', 'AC', '?']);
  });

  it('previews on one line', () => {
    expect(oneLine(' a\n\n b\tc ')).toBe('a b c');
  });
});

describe('time', () => {
  const now = new Date(2026, 2, 29, 12);
  const at = (...parts: [number, number, number, number?]) => new Date(...parts);

  it('names days as people do', () => {
    const headings = [at(2026, 2, 29, 0), at(2026, 2, 28, 23), at(2026, 2, 24), at(2025, 10, 3)].map((time) => dayHeading(time, now));
    expect(headings.slice(0, 3)).toEqual(['Today', 'Yesterday', 'Tuesday']);
    expect(headings[3]).toMatch(/2025/);
  });

  it('is short in the list', () => {
    expect(rowTime(at(2026, 2, 29, 9), now)).toMatch(/^0?9:00/);
    expect(rowTime(at(2026, 2, 28, 23), now)).toBe('Yesterday');
    expect(rowTime(at(2026, 2, 24), now)).toBe('Tue');
  });

  it('says when somebody was last seen', () => {
    expect(lastSeenTime(at(2026, 2, 29, 9), now)).toMatch(/^last seen at 0?9:00/);
    expect(lastSeenTime(at(2026, 2, 28, 23), now)).toMatch(/^last seen yesterday at /);
    expect(lastSeenTime(at(2026, 2, 24), now)).toBe('last seen Tuesday');
  });

  it('tells days apart', () => {
    expect(dayNumber(at(2026, 0, 31))).not.toBe(dayNumber(at(2026, 1, 1)));
    expect(dayNumber(at(2025, 11, 31))).not.toBe(dayNumber(at(2026, 0, 1)));
    expect(dayNumber(at(2026, 2, 29, 0))).toBe(dayNumber(at(2026, 2, 29, 23)));
  });
});

describe('uuidv7', () => {
  it('is well-formed and rises, also when the clock stands still or steps back', () => {
    const made = [...Array.from({ length: 5_000 }, () => uuidv7(1_800_000_000_000)), uuidv7(1_700_000_000_000), uuidv7(1_900_000_000_000)];
    for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });
});
