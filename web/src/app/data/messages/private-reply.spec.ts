import { expect, it } from 'vitest';

import { quoted } from './private-reply';

it('marks each line, and keeps what was written', () => {
  expect(quoted('One\n\ntwo', '')).toBe('> One\n>\n> two\n');
  expect(quoted('One', 'Hi')).toBe('> One\nHi');
});

it('quotes the beginning of a long text, and cuts no character in two', () => {
  expect(quoted('👍'.repeat(501), '')).toBe(`> ${'👍'.repeat(500)} …\n`);
  expect(quoted('👍'.repeat(500), '')).toBe(`> ${'👍'.repeat(500)}\n`);
});
