import { describe, expect, it } from 'vitest';

import type { Member } from '../../protocol/protocol';
import { complete, nameAt, suggest } from './mention';

const member = (username: string, displayName: string): Member => ({
  username,
  displayName,
  role: 'member',
  deliveredSeq: 0,
  readSeq: 0,
});
const CREW = [
  member('ann', 'Ann'),
  member('bob', 'José Ortega'),
  member('ortwin', 'Cat'),
  member('dan.b', 'Dan'),
];
const names = (query: string) => suggest(CREW, query, 'ann').map(({ username }) => username);

describe('a name that is typed', () => {
  it('ends at the caret, and begins with an @ that is no part of an address', () => {
    expect(nameAt('ask @jo', 7)).toEqual({ from: 4, query: 'jo' });
    expect(nameAt('ask @jo', 5)).toEqual({ from: 4, query: '' });
    expect(nameAt('@', 1)).toEqual({ from: 0, query: '' });
    expect(nameAt('(@a.b-c', 7)).toEqual({ from: 1, query: 'a.b-c' });
    expect(nameAt('ask @jo now', 11)).toBeNull();
    expect(nameAt('ann@bob', 7)).toBeNull();
    expect(nameAt('ask', 3)).toBeNull();
  });

  it('suggests everybody but oneself, and usernames before names', () => {
    expect(names('')).toEqual(['bob', 'ortwin', 'dan.b']);
    expect(names('ort')).toEqual(['ortwin', 'bob']);
    expect(names('jose')).toEqual(['bob']);
    expect(names('an')).toEqual([]);
    expect(names('dan.')).toEqual(['dan.b']);
  });

  it('is written out with one space behind it', () => {
    const at = nameAt('ask @jo about it', 7)!;
    expect(complete('ask @jo about it', 7, at, 'bob')).toEqual({ text: 'ask @bob about it', caret: 9 });
    expect(complete('@', 1, nameAt('@', 1)!, 'bob')).toEqual({ text: '@bob ', caret: 5 });
  });
});
