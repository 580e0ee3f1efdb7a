import { describe, expect, it } from 'vitest';

import {
  findUser,
  handleOf,
  hasUser,
  namesOf,
  sameUser,
  typedUsername,
  UserMap,
  UserSet,
  withoutUser,
} from './handle';

describe('a username', () => {
  it('is compared without case, as the server does: ASCII letters only', () => {
    expect(handleOf('Ann.B_c-9')).toBe('ann.b_c-9');
    expect([sameUser('Ann', 'aNN'), sameUser('Ann', 'Anna'), sameUser('ann', 'ann')]).toEqual([
      true,
      false,
      true,
    ]);
    // A Kelvin sign and a dotted capital I become other letters elsewhere; nobody is called so.
    expect([sameUser('\u212aim', 'kim'), sameUser('\u0130da', 'ida')]).toEqual([false, false]);
    expect([sameUser(undefined, undefined), sameUser('ann', undefined)]).toEqual([false, false]);
  });

  it('is found in any spelling among people', () => {
    const people = [
      { username: 'Ann', displayName: 'Ann K.' },
      { username: 'bob', displayName: 'Bob' },
    ];
    expect(findUser(people, 'ANN')).toBe(people[0]);
    expect(withoutUser(people, 'BOB')).toEqual([people[0]]);
    expect([hasUser(['Ann'], 'ann'), hasUser([], 'ann'), hasUser(undefined, 'ann')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([namesOf(people).get('aNN'), namesOf(people).has('Bob'), namesOf(people).get('cat')]).toEqual([
      'Ann K.',
      true,
      undefined,
    ]);
  });

  it('is told from another of the same name', () => {
    const names = namesOf([
      { username: 'Ann', displayName: 'Ann K.' },
      { username: 'mallory', displayName: 'ANN K.' },
      { username: 'bob', displayName: 'Bob' },
    ]);
    expect(['ann', 'Mallory', 'bob'].map((username) => names.get(username))).toEqual([
      'Ann K. (@Ann)',
      'ANN K. (@mallory)',
      'Bob',
    ]);
  });

  it('is one key, whatever its spelling', () => {
    const map = new UserMap([
      ['Ann', 1],
      ['ANN', 2],
    ]);
    expect([map.size, map.get('ann'), map.delete('aNn'), map.size]).toEqual([1, 2, true, 0]);
    const set = new UserSet(['Ann']).add('ann');
    expect([set.size, set.has('ANN'), set.delete('Ann'), set.size]).toEqual([1, true, true, 0]);
  });

  it('is taken as it was typed', () => {
    expect(typedUsername(' @Bob ')).toBe('Bob');
  });
});
