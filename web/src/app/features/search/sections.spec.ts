import { describe, expect, it } from 'vitest';

import { conversation } from '../../testing/conversation';
import { rows } from '../conversations/rows';
import { counted, inList, personOption, recent, rowOption, section, strangers } from './sections';

const group = (id: string, title: string) => conversation({ id, title, kind: 'group' });
const direct = (username: string, displayName: string) =>
  conversation({
    id: `with-${username}`,
    members: [
      { username: 'ann', displayName: 'Ann', role: 'member', deliveredSeq: 5, readSeq: 3 },
      { username, displayName, role: 'member', deliveredSeq: 5, readSeq: 5 },
    ],
  });
const all = rows(
  [direct('jose', 'José Øre'), direct('Joey', 'Joey'), group('g1', 'Jogging'), group('g2', 'Sunday')],
  [],
  'ann',
);
const titles = (found: readonly { title: string }[]) => found.map(({ title }) => title);

describe('what is found by name', () => {
  it('is told by people and groups, without case and accents, and whoever is called so comes first', () => {
    const found = inList(all, 'JO');
    expect([titles(found.people), titles(found.groups)]).toEqual([['José Øre', 'Joey'], ['Jogging']]);
    expect(titles(inList(all, 'ore').people)).toEqual(['José Øre']);
    expect(titles(inList(all, 'joey').people)).toEqual(['Joey']);
    const numbered = rows([direct('p20', 'Person 20'), direct('p2', 'Person 2')], [], 'ann');
    expect(titles(inList(numbered, 'person 2').people)[0]).toBe('Person 2');
  });

  it('has nobody twice, however their name is written', () => {
    const people = [
      { username: 'JOSE', displayName: 'José Øre' },
      { username: 'jonas', displayName: 'Jonas' },
    ];
    expect(strangers(people, all).map(({ username }) => username)).toEqual(['jonas']);
  });
});

describe('before anything is typed', () => {
  it('what one looked at last comes first, then what is new, and not what is open', () => {
    expect(titles(recent(all, ['g2', 'gone', 'with-Joey'], '/c/g2')).slice(0, 2)).toEqual([
      'Joey',
      'José Øre',
    ]);
    expect(titles(recent(all, ['g2'], undefined))).toEqual(['Sunday', 'José Øre', 'Joey', 'Jogging']);
  });
});

describe('a section', () => {
  const many = Array.from({ length: 7 }, (_, index) =>
    personOption({ username: `p${index}`, displayName: `P ${index}` }),
  );

  it('shows some, and the rest when it is wanted', () => {
    const few = section('people', many, false);
    expect([few.options.length, few.options.at(-1)]).toEqual([
      6,
      { key: 'more-people', more: 'people', label: '2 more' },
    ]);
    expect(section('people', many, true).options).toHaveLength(7);
  });

  it('that failed keeps what it has, and offers another try', () => {
    const failed = section('others', many.slice(0, 1), false, { failure: 'No connection' });
    expect(failed.options.map(({ key }) => key)).toEqual(['@p0', 'more-others']);
    expect(failed.failure).toBe('No connection');
  });

  it('is counted with the others once all have answered', () => {
    const people = section('people', all.slice(0, 1).map(rowOption), false);
    const others = section('others', many.slice(0, 2), false);
    const messages = section('messages', many.slice(0, 1), true);
    expect(counted([people, others, messages], false)).toBe('3 people, 1 message');
    expect(counted([messages], true)).toBe('the newest 1 message');
    expect(counted([{ ...others, looking: true }, messages], false)).toBe('');
    expect(counted([], false)).toBe('');
  });
});
