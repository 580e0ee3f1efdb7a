import { expect, it } from 'vitest';

import { conversation } from '../../testing/conversation';
import { commonGroups } from './common-groups';

const member = (username: string) =>
  ({ username, displayName: username, role: 'member', deliveredSeq: 0, readSeq: 0 }) as const;
const group = (id: string, ...usernames: string[]) =>
  conversation({ id, kind: 'group', title: id, members: usernames.map(member) });

it('are those where both are members, in any spelling, and no direct conversation', () => {
  const all = [
    conversation(),
    group('both', 'Ann', 'Bob'),
    group('hers', 'ann'),
    group('left', 'bob', 'cat'),
  ];
  expect(commonGroups(all, 'ann', 'BOB').map(({ id }) => id)).toEqual(['both']);
});
