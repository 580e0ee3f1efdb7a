import { describe, expect, it } from 'vitest';

import { mark } from './marks';

/** What is selected stands between bars. */
function marked(text: string, sign: string): string {
  const field = document.createElement('textarea');
  const [before = '', selected = '', after = ''] = text.split('|');
  field.value = before + selected + after;
  field.setSelectionRange(before.length, before.length + selected.length);
  mark(field, sign);
  const { value, selectionStart: from, selectionEnd: to } = field;
  return `${value.slice(0, from)}|${value.slice(from, to)}|${value.slice(to)}`;
}

describe('marks', () => {
  it('go around what is selected, without the spaces at its ends, and away again', () => {
    expect(marked('a |bold| word', '*')).toBe('a *|bold|* word');
    expect(marked('a| bold |word', '*')).toBe('a *|bold|* word');
    expect(marked('a *|bold|* word', '*')).toBe('a |bold| word');
    expect(marked('a *|bold|* word', '_')).toBe('a *_|bold|_* word');
    expect(marked('a ||', '~')).toBe('a ~||~');
  });

  it('go around each line, and code of several lines is a block', () => {
    expect(marked('|one\ntwo|', '*')).toBe('*|one*\n*two|*');
    expect(marked('|one\ntwo|', '`')).toBe('```\n|one\ntwo|\n```');
    expect(marked('```\n|one\ntwo|\n```', '`')).toBe('|one\ntwo|');
  });
});
