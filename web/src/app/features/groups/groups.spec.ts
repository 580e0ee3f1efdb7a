import { describe, expect, it } from 'vitest';

import { acquaintances } from '../../data/people/acquaintances';
import { actionsOn, byRank } from '../../data/groups/roles';
import type { Conversation, Member, Role } from '../../protocol/protocol';

const member = (username: string, role: Role = 'member', displayName = username): Member => ({
  username,
  displayName,
  role,
  deliveredSeq: 0,
  readSeq: 0,
});
const group = (...members: Member[]): Conversation => ({
  id: 'g',
  kind: 'group',
  title: 'Crew',
  memberCount: 0,
  history: 'joined',
  createdAt: '',
  headSeq: 0,
  unread: 0,
  muted: false,
  members,
});

describe('a group', () => {
  const [owner, admin, second, plain] = [
    member('owner', 'owner'),
    member('admin', 'admin'),
    member('second', 'admin'),
    member('plain'),
  ];
  const crew = group(owner, admin, second, plain);

  it('lets its owner do everything to the others', () => {
    expect(actionsOn(crew, plain, 'owner')).toEqual(['admin', 'owner', 'remove']);
    expect(actionsOn(crew, admin, 'owner')).toEqual(['member', 'owner', 'remove']);
    expect(actionsOn(crew, owner, 'owner')).toEqual([]);
  });

  it('lets admins take out members, and members nobody', () => {
    expect(actionsOn(crew, plain, 'admin')).toEqual(['remove']);
    expect([owner, second, admin].flatMap((other) => actionsOn(crew, other, 'admin'))).toEqual([]);
    expect([owner, admin, plain].flatMap((other) => actionsOn(crew, other, 'plain'))).toEqual([]);
    expect(actionsOn(crew, plain, 'stranger')).toEqual([]);
  });

  it('lists who leads it first', () => {
    expect(
      byRank([plain, member('b', 'admin', 'Bea'), member('a', 'admin', 'Ann'), owner]).map(
        ({ username }) => username,
      ),
    ).toEqual(['owner', 'a', 'b', 'plain']);
  });
});

describe('people', () => {
  it('one knows are those of one’s conversations, each once', () => {
    const known = acquaintances(
      [group(member('Ann'), member('Bob')), group(member('bob'), member('cat'))],
      'ann',
    );
    expect(known.map(({ username }) => username)).toEqual(['Bob', 'cat']);
  });
});
