import { expect, it } from 'vitest';

import type { Member } from '../../protocol/protocol';
import { reached } from './reached';

const member = (username: string, deliveredSeq: number, readSeq: number): Member => ({
  username,
  displayName: username,
  role: 'member',
  deliveredSeq,
  readSeq,
});

it('says whom a message reached, and how far', () => {
  const others = [member('dan', 4, 2), member('cat', 5, 2), member('bob', 5, 5), member('ann', 0, 6)];
  const told = reached(5, others).map(({ name, members }) => [name, members.map(({ username }) => username)]);
  expect(told).toEqual([
    ['Read by', ['ann', 'bob']],
    ['Delivered to', ['cat']],
    ['Sent to', ['dan']],
  ]);
  expect(reached(1, others).map(({ name }) => name)).toEqual(['Read by']);
});
