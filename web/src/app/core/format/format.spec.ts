import { describe, expect, it } from 'vitest';

import { findLinks } from './links';
import { emojiOnly, initials, oneLine, plain, segments as split } from './text';
import { dayHeading, dayNumber, lastSeenTime, rowTime } from './time';
import { uuidv7 } from './uuid';

/** As a message shows it once what finds links is there. */
const segments = (text: string, mentions?: readonly string[]) => split(text, mentions, findLinks(text));

describe('text', () => {
  it('folds letters as the server does', () => {
    const folded = {
      'Crème BRÛLÉE': 'creme brulee',
      'Łódź Øresund Đorđe': 'lodz oresund dorde',
      'ﬁne Ａｌｄｉｓ Straße': 'fine aldis strasse',
      مُحَمَّد: 'محمد',
    };
    for (const [text, expected] of Object.entries(folded)) expect(plain(text)).toBe(expected);
  });

  it('finds the members whom the server found mentioned, and nobody else', () => {
    const named = (text: string, ...mentions: string[]) =>
      segments(text, mentions).flatMap(({ text, mention }) => (mention ? [[text, mention]] : []));
    expect(named('hi @ann, @BOB and @nobody; mail ann@bob.example', 'Ann', 'bob')).toEqual([
      ['@ann', 'Ann'],
      ['@BOB', 'bob'],
    ]);
    expect(named('ask @bob.', 'bob.')).toEqual([['@bob.', 'bob.']]);
    expect(named('ask @bob... or @@ann', 'bob', 'ann')).toEqual([
      ['@bob', 'bob'],
      ['@ann', 'ann'],
    ]);
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

  const linked = (text: string) =>
    segments(text).flatMap(({ text, href }) =>
      href === undefined ? [] : href === text ? [text] : [`${text} → ${href}`],
    );

  it('shows a text as it is until links can be found', () => {
    expect(split('See https://a.example/b, example.com')).toEqual([
      { text: 'See https://a.example/b, example.com' },
    ]);
  });

  it('finds addresses as people write them', () => {
    for (const [text, ...found] of [
      // Marks, brackets, quotes and apostrophes around and within.
      [
        "“https://a.example/x”, 'https://b.example' and <https://c.example>!",
        'https://a.example/x',
        'https://b.example',
        'https://c.example',
      ],
      [
        "https://a.example/it's and https://a.example/Rock_'n'_roll",
        "https://a.example/it's",
        "https://a.example/Rock_'n'_roll",
      ],
      [
        '*https://a.example/*, _https://b.example_ ~https://c.example~',
        'https://a.example/',
        'https://b.example',
        'https://c.example',
      ],
      [
        '_example.com_, *_www.b.example_* and _a@b.example_',
        'example.com → https://example.com',
        'www.b.example → https://www.b.example',
        'a@b.example → mailto:a@b.example',
      ],
      ['*see https://a.example/_b_*', 'https://a.example/_b_'],
      [
        'https://a.example… https://b.example?! https://c.example/?q=1;',
        'https://a.example',
        'https://b.example',
        'https://c.example/?q=1',
      ],
      ['https://a.example/ü?x=[1]&y={2}#z', 'https://a.example/ü?x=[1]&y={2}#z'],
      // Chinese and Japanese, without spaces.
      [
        '「https://a.example/x」。例えばexample.comを見て',
        'https://a.example/x',
        'example.com → https://example.com',
      ],
      ['見てhttps://a.example/x、a@b.exampleへ', 'https://a.example/x', 'a@b.example → mailto:a@b.example'],
      ['https://例え.jp/パス。次', 'https://例え.jp/パス'],
      // Without a scheme.
      [
        'www.example.com, example.com/a?b=c and Example.COM.',
        'www.example.com → https://www.example.com',
        'example.com/a?b=c → https://example.com/a?b=c',
        'Example.COM → https://Example.COM',
      ],
      [
        'www.printer.lan example.com:8080/x t.me/x',
        'www.printer.lan → https://www.printer.lan',
        'example.com:8080/x → https://example.com:8080/x',
        't.me/x → https://t.me/x',
      ],
      [
        'http://localhost:5000/x http://192.168.0.1:8080',
        'http://localhost:5000/x',
        'http://192.168.0.1:8080',
      ],
      // Mail.
      [
        'mail ann@b.example, <a.b+c@d.co.uk> or mailto:x@y.de',
        'ann@b.example → mailto:ann@b.example',
        'a.b+c@d.co.uk → mailto:a.b+c@d.co.uk',
        'mailto:x@y.de',
      ],
    ] as [string, ...string[]][])
      expect(linked(text), text).toEqual(found);
  });

  it('makes no link of what only looks like one', () => {
    for (const text of [
      'javascript:alert(1) data:text/html,x https:// http:// ftp://a.example //a.example vbscript:x',
      'main.rs README.md script.sh index.ts node.js Cargo.toml v1.2.3 1.2.3.4 3.14 e.g. i.e. a.m. etc.',
      'done.It was late.As always.',
      'foo@bar @ann.com ann@ a..b ...com .com snake_a.com a.com_b xhttp://a.example x_http://a.example',
      '/usr/lib/x.so C:\\a.com-b',
    ])
      expect(linked(text), text).toEqual([]);
  });

  it('does not let what turns the direction of writing hide where a link leads', () => {
    expect(linked('https://a.example/\u202egpj.exe')).toEqual(['https://a.example/']);
    expect(linked('https://good.example@evil.example/')).toEqual(['https://good.example']);
  });

  it('shows the host of a link as computers write it, where letters of another alphabet may mislead', () => {
    const hosts = (text: string) => segments(text).flatMap(({ href, host }) => (href ? [host] : []));
    // Of the first all but the l are Cyrillic; the second is so as a whole.
    expect(hosts('https://раураl.com/x and аррӏе.com')).toEqual(['xn--l-7sba6dbr.com', 'xn--80ak6aa92e.com']);
    expect(hosts('[here](https://раураl.com/x)')).toEqual(['xn--l-7sba6dbr.com']);
    expect(hosts('[раураl.com](https://раураl.com/x)')).toEqual(['xn--l-7sba6dbr.com']);
    expect(hosts('https://пример.рф/x https://münchen.de/ https://a.example/путь https://例え.jp')).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('shows the label of a link, and where it leads if the label may say something else', () => {
    const shown = (text: string) =>
      segments(text).map(({ text, href, host }) => (href ? [text, href, ...(host ? [host] : [])] : text));
    expect(shown('see [the docs](https://a.example/x_(y)), or [write us](mailto:a@b.example)!')).toEqual([
      'see ',
      ['the docs', 'https://a.example/x_(y)'],
      ', or ',
      ['write us', 'mailto:a@b.example'],
      '!',
    ]);
    expect(shown('[a.example](https://a.example/x)')).toEqual([['a.example', 'https://a.example/x']]);
    expect(shown('[https://a.example/y](https://a.example/x)')).toEqual([
      ['https://a.example/y', 'https://a.example/x'],
    ]);
    for (const label of [
      'bank.example',
      'https://bank.example/x',
      'bank․example',
      'bank。example',
      'Log in at bank.example',
      'https://bank.example@a',
      'bank.example/a.example',
    ])
      expect(shown(`[${label}](https://evil.example/a)`), label).toEqual([
        [label, 'https://evil.example/a', 'evil.example'],
      ]);
    expect(shown('[ann@b.example](mailto:eve@b.example)')).toEqual([
      ['ann@b.example', 'mailto:eve@b.example', 'eve@b.example'],
    ]);
    for (const plain of [
      '[a](javascript:alert(1))',
      '[a](ftp://a.example)',
      '[a](data:text/html,x)',
      '[a]()',
    ])
      expect(shown(plain)).toEqual([plain]);
    // Without a label it is an address in brackets.
    expect(shown('[](https://a.example)')).toEqual(['[](', ['https://a.example', 'https://a.example'], ')']);
  });

  it('shows what people mean with marks, at the edges of words only', () => {
    const shown = (text: string, ...mentions: string[]) =>
      segments(text, mentions).map(({ text, style, href, mention }) =>
        style ? `<${style}>${text}` : (href ?? mention) ? `(${text})` : text,
      );
    expect(shown('a *b c* d')).toEqual(['a ', '<strong>b c', ' d']);
    expect(shown('*_both_* and ~gone~!')).toEqual(['<strong em>both', ' and ', '<del>gone', '!']);
    expect(shown('_*both*_')).toEqual(['<strong em>both']);
    expect(shown('say `*no* @ann https://a.example` now', 'ann')).toEqual([
      'say ',
      '<code>*no* ',
      '<code>@ann',
      '<code> ',
      '<code>https://a.example',
      ' now',
    ]);
    expect(shown('```\nlet a = 1;\nlet b;\n```')).toEqual(['<code block>let a = 1;\nlet b;']);
    expect(shown('before\n```\n  let a;\n\n  let b;\n```\n\nafter')).toEqual([
      'before',
      '<code block>  let a;\n\n  let b;',
      '\nafter',
    ]);
    expect(shown('*see https://a.example/_b_c_ now*')).toEqual([
      '<strong>see ',
      '<strong>https://a.example/_b_c_',
      '<strong> now',
    ]);
    expect(shown('*@a_b_c* d', 'a_b_c')).toEqual(['<strong>@a_b_c', ' d']);
    for (const plain of [
      'SELECT *, count(*) FROM t',
      'ls src/*/test/*',
      '(_, x, _)',
      '2*3*4',
      'snake_case_name',
      '* a * b *',
      '**',
      '~5 to ~6',
      '*a\nb*',
      '`',
      '``````',
      '*',
      'a * b',
    ])
      expect(shown(plain)).toEqual([plain]);
  });

  it('makes one link of an address, whatever is in it', () => {
    expect(segments('https://good.example`x`@evil.example/')).toEqual([
      { text: 'https://good.example', href: 'https://good.example' },
      { text: 'x', style: 'code' },
      { text: '@evil.example/' },
    ]);
  });

  it('leaves the signs on a letter that writing has, and no heap of them', () => {
    const vietnamese = 'Tiê\u0301ng Viê\u0323t, ก็ที่';
    expect(segments(vietnamese)).toEqual([{ text: vietnamese }]);
    expect(segments(`a${'\u0301'.repeat(8_000)}b`)).toEqual([{ text: `a${'\u0301'.repeat(16)}b` }]);
  });

  describe('of the greatest length', () => {
    const LONGEST = 16_384;
    const fill = (part: string, length = LONGEST, before = '') =>
      before +
      part.repeat(Math.ceil((length - before.length) / part.length)).slice(0, length - before.length);
    const long = (length: number) => ({
      ...Object.fromEntries(
        [
          ')',
          '(',
          '()',
          '((((',
          '[',
          '{',
          '!',
          '?',
          '.',
          ',',
          ';',
          ':',
          "'",
          '"',
          '-',
          '*',
          '_',
          '~',
          '/',
          '%',
          "'a",
          '(a',
          '\u0301',
          '\u202e',
          'ä',
          '漢',
        ].map((part) => [`${part} behind a link`, fill(part, length, 'https://a.example/')]),
      ),
      ...Object.fromEntries(
        [
          '!',
          '*',
          '_',
          '~',
          '`',
          '@',
          '.',
          '-',
          '/',
          ':',
          '|',
          '\n',
          ' ',
          'a',
          '漢',
          '😀',
          '👩‍👩‍👧‍👦',
          '\u0301',
          '\u202e',
          '\ud83d',
          '*a',
          '*a ',
          '*a* ',
          '*_~',
          '_a',
          '__a',
          '*a_b* _c_ ~d~ ',
          '`a` ',
          '``` ',
          '_*~a~*_ ',
          '@ann ',
          '@ann.',
          '@.',
          'a@',
          'a@b.',
          'a@b-',
          '@a.b.c',
          'a@b.co ',
          'a@b.co,',
          'a.',
          'a-.',
          'a-a.',
          'a.bb',
          'a.qq ',
          'a.b.c.d.e.f.g.h.i.j.k.l ',
          'a.com ',
          'a.com,',
          'a.com',
          'xn--',
          'xn--a.',
          'www.',
          `${'a'.repeat(62)}.`,
          'a.co/(',
          '|a.b',
          'com^a.co$\u0301|bb+',
          'http:',
          'http://',
          'http://a',
          'http://a.b ',
          'http://a.b,',
          'http://(',
          'http://a.b/(',
          'http://[::',
          'http://[1:1:1:1:1:1:1:',
          'http://a:1',
          'mailto:',
          'mailto:a',
          'mailto:a@b.c,',
          ':。http://\u0301+aaaaaaaaaaaaaaaaaaaaaaaa漢_',
          '*https://a.b/*',
          '> > >',
          '[[[',
          '](',
          '[a](https://b.c',
        ].map((part) => [part, fill(part, length)]),
      ),
      'a name of dots': `@${'.'.repeat(length - 1)}`,
      'a name and a letter': `@ann${'.'.repeat(length - 5)}x`,
      'marks in marks': `${'*_~'.repeat(length / 8)}a${'~_*'.repeat(length / 8)}`,
      'open marks before a link': fill('*', length, `${'x* '.repeat(101)}https://a.example/`),
      'marks behind many links': fill('https://a.b/** ', length),
    });
    const work = (text: string) => {
      const found = segments(text, ['ann', 'bob.', 'cat']);
      emojiOnly(text);
      oneLine(text);
      return found;
    };
    const took = (text: string) => {
      const from = performance.now();
      work(text);
      return performance.now() - from;
    };

    it('loses nothing, and becomes few elements', () => {
      for (const [name, text] of Object.entries(long(LONGEST))) {
        const found = work(text);
        // Marks are no part of what is shown, nor are the line breaks at the edges of code.
        const shown = (text: string) => text.replace(/[*_~`\n]/g, '').replace(/(\p{M}{16})\p{M}+/gu, '$1');
        expect(shown(found.map(({ text }) => text).join('')), name).toBe(shown(text));
        expect(found.length, name).toBeLessThanOrEqual(1_000);
      }
    });

    it('takes no more than in proportion to its length', () => {
      const [short, whole] = [long(LONGEST / 8), long(LONGEST)];
      Object.values(short).forEach(work);
      for (const [name, text] of Object.entries(whole)) {
        // Eight times the text: what is quadratic takes 64 times as long. The best of some, since other work
        // on the machine only ever slows.
        const best = (text: string) => Math.min(...Array.from({ length: 5 }, () => took(text)));
        expect(best(text), name).toBeLessThan(
          Math.max(24 * best((short as Record<string, string>)[name]!), 25),
        );
      }
    });
  });

  it('knows texts that are only emoji', () => {
    expect(['👍', '🎉 🎉', '👩‍👩‍👧‍👦', '🇩🇪🏳️‍🌈'].map(emojiOnly)).toEqual([true, true, true, true]);
    expect(['ok 👍', '123', '', '👍👍👍👍', '…'].map(emojiOnly)).toEqual([false, false, false, false, false]);
  });

  it('makes initials of letters, with their marks, where there are any', () => {
    const names = [
      'Ann Kowalski',
      'bob',
      '張 偉',
      '🦊 Fox',
      'Sunday hike 🥾',
      'a.b_c',
      '(x) हिन्दी',
      '🥾🥾',
      '',
    ];
    expect(names.map(initials)).toEqual(['AK', 'B', '張偉', 'F', 'SH', 'AC', 'Xहि', '🥾', '?']);
  });

  it('previews on one line', () => {
    expect(oneLine(' a\n\n b\tc ')).toBe('a b c');
    expect(oneLine('a '.repeat(8_000))).toHaveLength(240);
    expect(oneLine('a '.repeat(8_000), 1_000)).toHaveLength(1_000);
  });
});

describe('time', () => {
  const now = new Date(2026, 2, 29, 12);
  const at = (...parts: [number, number, number, number?]) => new Date(...parts);

  it('names days as people do', () => {
    const headings = [at(2026, 2, 29, 0), at(2026, 2, 28, 23), at(2026, 2, 24), at(2025, 10, 3)].map((time) =>
      dayHeading(time, now),
    );
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
    const made = [
      ...Array.from({ length: 5_000 }, () => uuidv7(1_800_000_000_000)),
      uuidv7(1_700_000_000_000),
      uuidv7(1_900_000_000_000),
    ];
    for (const id of made)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });
});
