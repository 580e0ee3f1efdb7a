import { expect, it } from 'vitest';

import type { ConversationChange } from '../../protocol/protocol';
import { notesOf } from './system-message';

const names = new Map([
  ['ann', 'Ann'],
  ['bob', 'Bob'],
  ['cat', 'Cat'],
]);
const words = (change: Partial<ConversationChange>, me = 'zoe') =>
  notesOf({ seq: 2, by: 'ann', timestamp: '', ...change }, me, names).map(({ text }) =>
    text.replaceAll(/[\u2068\u2069]/g, ''),
  );

it('keeps a name apart from the sentence around it', () => {
  const [note] = notesOf(
    { seq: 2, by: 'ann', timestamp: '', left: ['dan'] },
    'zoe',
    new Map([['ann', 'דן']]),
  );
  expect(note?.text).toBe('\u2068דן\u2069 removed \u2068dan\u2069');
});

it('says how a group changed, as people would', () => {
  expect(words({ seq: 1, title: 'Crew' })).toEqual(['Ann created the group']);
  expect(words({ title: 'Harbour', history: 'all' }, 'ann')).toEqual([
    'You renamed the group to “Harbour”',
    'You let new members read everything',
  ]);
  expect(words({ picture: true })).toEqual(['Ann changed the picture of the group']);
  expect(words({ picture: false }, 'ann')).toEqual(['You removed the picture of the group']);
  expect(words({ joined: ['bob', 'cat', 'zoe'] })).toEqual(['Ann added Bob, Cat and you']);
  expect(words({ joined: ['bob'] }, 'Bob')).toEqual(['Ann added you']);
  expect(words({ joined: ['Ann'] })).toEqual(['Ann joined']);
  expect(words({ joined: ['ann'] }, 'Ann')).toEqual(['You joined']);
  expect(words({ left: ['ann'] })).toEqual(['Ann left']);
  expect(words({ left: ['dan'] })).toEqual(['Ann removed dan']);
  expect(words({ left: ['dan'] }, 'dan')).toEqual(['Ann removed you']);
  expect(words({ roles: { bob: 'owner', ann: 'admin' } })).toEqual(['Ann made Bob the owner']);
  expect(words({ roles: { zoe: 'admin', cat: 'member' } })).toEqual([
    'Ann made you an admin',
    'Ann made Cat a member again',
  ]);
});
