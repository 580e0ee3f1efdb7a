import { describe, expect, it } from 'vitest';

import type { Conversation, Message } from '../protocol/protocol';
import {
  conversationAt,
  mergeConversation,
  peer,
  roleOf,
  titleOf,
  withChange,
  withCount,
  withMessage,
  withReceipt,
} from './conversation';
import { matching } from './matching';
import { rows } from './rows';

function message(seq: number, sender: string, more: Partial<Message> = {}): Message {
  return {
    id: `m${seq}`,
    conversationId: 'c',
    seq,
    clientId: `c${seq}`,
    sender,
    text: `text ${seq}`,
    timestamp: `2026-03-28T10:00:${String(seq).padStart(2, '0')}.000Z`,
    ...more,
  };
}

function conversation(more: Partial<Conversation> = {}): Conversation {
  return {
    id: 'c',
    kind: 'direct',
    history: 'all',
    createdAt: '2026-03-28T09:00:00.000Z',
    headSeq: 5,
    memberCount: 0,
    unread: 2,
    muted: false,
    members: [
      { username: 'ann', displayName: 'Ann', role: 'member', deliveredSeq: 5, readSeq: 3 },
      { username: 'bob', displayName: 'Bob', role: 'member', deliveredSeq: 5, readSeq: 5 },
    ],
    lastMessage: message(5, 'bob'),
    ...more,
  };
}

describe('a conversation', () => {
  it('counts a new message of somebody else, once', () => {
    const after = withMessage(conversation(), message(6, 'bob'), 'ann');
    expect([after.unread, after.headSeq, after.lastMessage?.seq]).toEqual([3, 6, 6]);
    expect(withMessage(after, message(6, 'bob'), 'ann')).toBe(after);
    expect(withMessage(after, message(7, 'ann'), 'ann').unread).toBe(3);
  });

  it('counts what is told behind the acknowledgement of an own message, and stands before it', () => {
    const sent = withMessage(conversation(), message(8, 'ann'), 'ann');
    expect([sent.unread, sent.lastMessage?.seq]).toEqual([2, 8]);
    expect(withMessage(sent, message(8, 'ann'), 'ann')).toBe(sent);
    const told = [6, 7].reduce((before, seq) => withMessage(before, message(seq, 'bob'), 'ann'), sent);
    expect([told.unread, told.lastMessage?.seq]).toEqual([4, 8]);
    expect(withMessage(told, message(7, 'bob'), 'ann')).toBe(told);
    // An answer that was given before one's own was stored does not know it.
    const answered = mergeConversation(
      sent,
      conversation({ headSeq: 7, unread: 4, lastMessage: message(7, 'bob') }),
      'ann',
    );
    expect([answered.unread, answered.lastMessage?.seq]).toEqual([4, 8]);
    expect(withMessage(answered, message(7, 'bob'), 'ann')).toBe(answered);
    const next = withMessage(answered, message(9, 'bob'), 'ann');
    expect([next.unread, next.headSeq, next.lastMessage?.seq]).toEqual([5, 9, 9]);
  });

  it('shows an edit of its last message', () => {
    const after = withChange(conversation(), message(5, 'bob', { text: 'changed', changeSeq: 6 }));
    expect([after.lastMessage?.text, after.headSeq]).toEqual(['changed', 6]);
    expect(withChange(conversation(), message(2, 'bob', { changeSeq: 6 })).lastMessage?.seq).toBe(5);
  });

  it('never moves a cursor back, and is read when its last message is', () => {
    const read = withReceipt(conversation(), { username: 'ann', deliveredSeq: 5, readSeq: 5 }, 'ann');
    expect(read.unread).toBe(0);
    expect(withReceipt(read, { username: 'ann', deliveredSeq: 4, readSeq: 4 }, 'ann')).toBe(read);
    expect(withReceipt(conversation(), { username: 'bob', deliveredSeq: 5, readSeq: 5 }, 'ann').unread).toBe(
      2,
    );
  });

  it('keeps what it knows when an older answer comes late', () => {
    const known = withMessage(
      withReceipt(conversation(), { username: 'ann', deliveredSeq: 5, readSeq: 5 }, 'ann'),
      message(6, 'bob'),
      'ann',
    );
    const merged = mergeConversation(known, conversation(), 'ann');
    expect([merged.headSeq, merged.unread, merged.lastMessage?.seq]).toEqual([6, 1, 6]);
    expect(merged.members[0]?.readSeq).toBe(5);
  });

  it('takes a count from an answer that knows what was read, and from no other', () => {
    const read = (readSeq: number) =>
      withReceipt(conversation(), { username: 'ann', deliveredSeq: 5, readSeq }, 'ann');
    expect(withCount(read(4), { ...read(4), unread: 1 }, 'ann').unread).toBe(1);
    // Asked for before the server heard of it, and answered after all was read.
    expect(withCount(read(5), conversation(), 'ann').unread).toBe(0);
    const newer = withMessage(read(4), message(6, 'bob'), 'ann');
    expect(withCount(newer, { ...read(4), unread: 1 }, 'ann')).toBe(newer);
  });

  it('stays read when the answer does not know of it yet', () => {
    const read = withReceipt(conversation(), { username: 'ann', deliveredSeq: 5, readSeq: 5 }, 'ann');
    expect(mergeConversation(read, conversation(), 'ann').unread).toBe(0);
  });

  it('keeps what was said in a group that one was taken out of, and is like any other when one is back', () => {
    const group = conversation({ kind: 'group', title: 'Crew' });
    const { lastMessage: _, ...bare } = group;
    const without = { ...bare, headSeq: 6, unread: 4, members: group.members.slice(1) };
    const closed = mergeConversation(group, without, 'ann');
    expect([closed.lastMessage?.seq, closed.unread, roleOf(closed, 'ann')]).toEqual([5, 0, undefined]);
    expect(rows([closed], [], 'ann')[0]?.preview).toBe('You are no longer a member');
    const back = mergeConversation(closed, { ...group, headSeq: 8, lastMessage: message(8, 'bob') }, 'ann');
    expect([back.lastMessage?.seq, back.unread, roleOf(back, 'ann')]).toEqual([8, 2, 'member']);
  });

  it('keeps the members of a large group whom an event does not name', () => {
    const member = (username: string) => ({ ...conversation().members[0]!, username });
    const said = (names: string[], more: Partial<Conversation> = {}) =>
      conversation({ kind: 'group', memberCount: 300, members: names.map(member), ...more });
    const known = said(['ann', 'Bob', 'cat']);
    const change = { seq: 6, by: 'ann', timestamp: '', joined: ['dan'], left: ['CAT'] };
    const told = mergeConversation(known, said(['ann', 'dan'], { headSeq: 6, changes: [change] }), 'ann');
    expect(told.members.map(({ username }) => username)).toEqual(['ann', 'dan', 'Bob']);
    expect(told).not.toHaveProperty('changes');
    // An answer has the members that it has.
    const asked = mergeConversation(told, said(['ann', 'eve']), 'ann');
    expect(asked.members.map(({ username }) => username)).toEqual(['ann', 'eve']);
  });

  it('knows its people in any case', () => {
    const [ann, bob] = ['ANN', 'BOB'];
    expect([peer(conversation(), ann)?.username, roleOf(conversation(), bob)]).toEqual(['bob', 'member']);
    expect(conversationAt([conversation()], { username: bob }, ann)?.id).toBe('c');
    expect(withMessage(conversation(), message(6, ann), 'ann').unread).toBe(2);
    expect(withReceipt(conversation(), { username: ann, deliveredSeq: 5, readSeq: 5 }, 'ann').unread).toBe(0);
    const [row, ...others] = rows(
      [conversation()],
      [{ clientId: '1', receiver: bob, text: 'to Bob', writtenAt: 0 }],
      ann,
    );
    expect([row?.preview, row?.chat, row?.link, others]).toEqual(['to Bob', '@bob', ['/@bob'], []]);
  });

  it('is called after the other one', () => {
    expect(titleOf(conversation(), 'ann')).toBe('Bob');
    expect(peer(conversation(), 'bob')?.username).toBe('ann');
    expect(titleOf(conversation({ kind: 'group', title: 'Crew' }), 'ann')).toBe('Crew');
  });
});

describe('the list', () => {
  it('puts what waits in the outbox first, also for somebody new', () => {
    const at = Date.parse('2026-03-28T11:00:00Z');
    const found = rows(
      [conversation()],
      [
        { clientId: '1', receiver: 'bob', text: 'to Bob', writtenAt: at },
        { clientId: '2', receiver: 'cat', text: 'to Cat', writtenAt: at + 1 },
      ],
      'ann',
    );
    expect(found.map(({ title, preview, tick }) => [title, preview, tick])).toEqual([
      ['cat', 'to Cat', 'pending'],
      ['Bob', 'to Bob', 'pending'],
    ]);
  });

  it('says when there is nothing, and when it was deleted', () => {
    const { lastMessage: _, ...empty } = conversation();
    expect(rows([empty], [], 'ann')[0]?.preview).toBe('No messages yet');
    expect(
      rows(
        [
          conversation({
            lastMessage: message(5, 'bob', { deletedAt: '2026-03-28T10:01:00.000Z', text: '' }),
          }),
        ],
        [],
        'ann',
      )[0]?.preview,
    ).toBe('Message deleted');
  });

  it('names who wrote last in a group, and nobody between two', () => {
    expect(rows([conversation({ kind: 'group', title: 'Crew' })], [], 'ann')[0]).toMatchObject({
      from: 'Bob',
      preview: 'text 5',
      group: true,
    });
    expect(rows([conversation()], [], 'ann')[0]?.from).toBeUndefined();
    expect(
      rows([conversation({ kind: 'group', lastMessage: message(5, 'ann') })], [], 'ann')[0]?.from,
    ).toBeUndefined();
  });

  it('finds names by the beginning of a word, without case and accents', () => {
    const named = (title: string, username: string) => ({
      ...rows([conversation()], [], 'ann')[0]!,
      title,
      username,
    });
    const all = [named('José Ortega', 'jo'), named('Marjo', 'marjo'), named('Bob', 'bob')];
    expect(matching(all, 'JO').map(({ title }) => title)).toEqual(['José Ortega', 'Marjo']);
    expect(matching(all, 'ort').map(({ title }) => title)).toEqual(['José Ortega']);
    expect(matching(all, '@bo').map(({ title }) => title)).toEqual(['Bob']);
    expect(matching(all, ' ')).toHaveLength(3);
  });
});
