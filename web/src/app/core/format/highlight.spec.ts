import { describe, expect, it } from 'vitest';

import { tokensOf } from './highlight';
import { languageOf } from './languages';

const coloured = (code: string, written: string) =>
  tokensOf(code, languageOf(written).grammar ?? '').map(({ from, to, kind }) => [kind, code.slice(from, to)]);

describe('colours of code', () => {
  it('are places in the text, which stays as it is', () => {
    expect(coloured('let a = "x"; // <b>', 'rs')).toEqual([
      ['keyword', 'let'],
      ['variable', 'a'],
      ['string', '"x"'],
      ['comment', '// <b>'],
    ]);
    expect(coloured('- old\n+ new', 'diff')).toEqual([
      ['removed', '- old'],
      ['added', '+ new'],
    ]);
    expect(coloured('const a = `b${c}`;', 'ts')).toEqual([
      ['keyword', 'const'],
      ['string', '`b'],
      ['string', '`'],
    ]);
    // One language inside of another.
    expect(coloured('<p><style>a { color: red }</style>', 'html')).toContainEqual(['variable', 'color']);
  });

  it('are known for the languages that people name, and others keep their name', () => {
    const aliases = 'sh c cpp c# css diff docker go html toml java js json kt php py rb rust sql tsx xml yml';
    for (const alias of aliases.split(' ')) {
      const { grammar } = languageOf(alias);
      expect(() => tokensOf('x = 1', grammar!), alias).not.toThrow();
      expect(grammar, alias).toBeDefined();
    }
    expect(languageOf('tsx').name).toBe('TypeScript');
    expect(languageOf('brainf')).toEqual({ name: 'brainf' });
    expect(languageOf('')).toEqual({ name: 'Code' });
    expect(tokensOf('x', 'brainf')).toEqual([]);
  });
});
