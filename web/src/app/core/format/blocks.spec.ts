import { describe, expect, it } from 'vitest';

import { blocksOf, linesOf } from './blocks';
import { fold } from './fold';
import { segments } from './text';

/** As people read them: what kind, and what is in it. */
const shown = (text: string) =>
  blocksOf(text).map((block) => {
    if (block.kind === 'text') return block.text;
    if (block.kind === 'list') return linesOf(block).map(({ mark, depth, text }) => [depth, mark, text]);
    return [block.kind, ...(block.language ? [block.language] : []), block.text];
  });

/** Of texts that made some part of this slow, or might. */
const PARTS = [
  '> ',
  '> \n',
  '>\n',
  '> > > ',
  '> > >\n',
  '> a\n\n',
  '- ',
  '- a\n',
  '- a\n\n',
  '- a\n  b\n',
  '  b\n',
  '1. a\n',
  '9'.repeat(50),
  '        - a\n',
  '```\n',
  '```a\n',
  '```\n \n',
  '````a\n```\n',
  '```a\nb\n```\n',
  '`````````a\n````````b\n```````c\n``````d\n`````e\n````f\n```g\n',
  '\n',
  ' ',
  ' \n',
  '[[[',
  '](',
  '[a](',
  '[a](https://b.c) ',
  '[](https://b.c)',
];

describe('blocks of a text', () => {
  it('are quotes, without the line breaks beside them', () => {
    expect(shown('> one\n>\n> two\nand I')).toEqual([['quote', 'one\n\ntwo'], 'and I']);
    expect(shown('a\n\n> > b\n> c')).toEqual(['a\n', ['quote', '> b\nc']]);
    for (const plain of ['>', '>>> import this', '-> a', 'a > b', '>a', '>\n>', '>_<'])
      expect(shown(plain)).toEqual([plain]);
  });

  it('are lists of more than one item, with their numbers as written', () => {
    expect(shown('buy:\n- milk\n- two\n  lines\n\n* *tea*\nbye')).toEqual([
      'buy:',
      [
        [0, '•', 'milk'],
        [0, '•', 'two\nlines'],
        [0, '•', '*tea*'],
      ],
      'bye',
    ]);
    expect(shown('3. three\n4) four\n   - deep\n10. ten')).toEqual([
      [
        [0, '3.', 'three'],
        [0, '4)', 'four'],
        [1, '•', 'deep'],
        [0, '10.', 'ten'],
      ],
    ]);
    for (const plain of [
      '- 5 degrees',
      '1. May',
      '-a\n-b',
      '1.5\n2.5',
      '- \n- ',
      '# One\n## Two',
      '---\n---',
    ])
      expect(shown(plain)).toEqual([plain]);
  });

  it('are code between lines of backticks, with indentation and backticks in it', () => {
    expect(shown('see\n```rust\n    let a = `x`;\n\n  }\n```\nthere')).toEqual([
      'see',
      ['code', 'rust', '    let a = `x`;\n\n  }'],
      'there',
    ]);
    expect(shown('````md\n```js\na\n```\n````')).toEqual([['code', 'md', '```js\na\n```']]);
    expect(shown('```C++\na\n```\n```\n> b\n- c\n- d\n```')).toEqual([
      ['code', 'c++', 'a'],
      ['code', '> b\n- c\n- d'],
    ]);
    // Not closed, empty, or with a sentence behind the backticks: as it was written.
    for (const plain of ['```js\nlet a', '```\n```', '```\n \n```', '```this is\nno code\n``', '`````'])
      expect(shown(plain)).toEqual([plain]);
  });

  it('come in parts of which nothing is lost, also within one that is long', () => {
    const code = Array.from({ length: 500 }, (_, index) => `  let line${index};`).join('\n');
    const text = `before\n\`\`\`ts\n${code}\n\`\`\`\n${'- item\n'.repeat(300)}end`;
    const parts = fold(blocksOf(text));
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts) {
      const whole = part.map(({ text }) => text).join('\n');
      expect(whole.length).toBeLessThan(3_000);
      expect(whole.split('\n').length).toBeLessThanOrEqual(202);
    }
    const pieces = parts.flat().filter(({ kind }) => kind === 'code');
    expect(pieces.map(({ text }) => text).join('')).toBe(code);
    expect(pieces.map(({ from }) => from === 0)).toEqual(pieces.map((_, index) => index === 0));
    const items = parts
      .flat()
      .filter(({ kind }) => kind === 'list')
      .flatMap(linesOf);
    expect(items.map(({ text }) => text)).toEqual(Array(300).fill('item'));
  });

  it('of the greatest length take time in proportion to it, and become few elements', () => {
    const LONGEST = 16_384;
    const long = (length: number) =>
      [
        ...PARTS.map((part) => part.repeat(length / part.length)),
        `- a\n${'  b\n'.repeat(length / 4 - 1)}`,
        `> a\n${'>\n'.repeat(length / 2 - 2)}`,
      ] as const;
    const work = (text: string) =>
      fold(blocksOf(text)).map((part) =>
        part.flatMap((block) => [block, ...linesOf(block).flatMap(({ text }) => segments(text))]),
      );
    /** The best of some, since other work on the machine only ever slows. */
    const took = (text: string) =>
      Math.min(
        ...Array.from({ length: 5 }, () => {
          const from = performance.now();
          work(text);
          return performance.now() - from;
        }),
      );
    const short = long(LONGEST / 8);
    for (const [index, text] of long(LONGEST).entries()) {
      const name = text.slice(0, 20);
      // Eight times the text: what is quadratic takes 64 times as long.
      expect(took(text), name).toBeLessThan(Math.max(24 * took(short[index]!), 25));
      expect(Math.max(...work(text).map(({ length }) => length)), name).toBeLessThanOrEqual(1_000);
    }
  });
});
