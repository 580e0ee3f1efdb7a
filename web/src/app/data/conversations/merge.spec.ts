import { describe, expect, it } from 'vitest';

import { newer } from '../../core/newer';
import type { Conversation, Message } from '../../protocol/protocol';
import { conversation, message } from '../../testing/conversation';
import { roleOf } from './conversation';
import {
  mayMiscount,
  merge,
  mergeConversation,
  replace,
  withChange,
  withCount,
  withMessage,
  withReceipt,
} from './merge';

const seqs = (messages: readonly Message[]) => messages.map(({ seq }) => seq);
const old = (seq: number) => message(seq, 'bob', { text: 'old' });
const edited = (seq: number, changeSeq: number) => message(seq, 'bob', { text: 'new', changeSeq });

describe('messages', () => {
  it('are in order, and each there once', () => {
    expect(seqs(merge([old(2), old(5)], [old(5), old(3), old(1)]))).toEqual([1, 2, 3, 5]);
    expect(seqs(merge([old(2)], [old(7)]))).toEqual([2, 7]);
    expect(seqs(merge([], [old(3), old(2)]))).toEqual([2, 3]);
  });

  it('are there in their later state, whichever came first', () => {
    expect(merge([edited(1, 4)], [old(1)])[0]?.text).toBe('new');
    expect(merge([old(1)], [edited(1, 4)])[0]?.text).toBe('new');
    expect(newer(edited(1, 5), edited(1, 4))).toBe(true);
    expect(newer(old(1), edited(1, 4))).toBe(false);
  });

  it('stay the list that they were when nothing arrived', () => {
    const held = [old(1)];
    expect(merge(held, [])).toBe(held);
  });

  it('take the changes of what is held, and nothing else', () => {
    const held = [old(1), edited(2, 6)];
    expect(replace(held, edited(1, 5))[0]?.text).toBe('new');
    expect(replace(held, edited(2, 4))).toBe(held);
    expect(replace(held, old(3))).toBe(held);
  });
});

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
    const asked = mergeConversation(told, said(['ann', 'eve'], { headSeq: 6 }), 'ann');
    expect(asked.members.map(({ username }) => username)).toEqual(['ann', 'eve']);
  });

  it('stays as it was said with the higher head when an older answer comes late', () => {
    const known = conversation({ kind: 'group', title: 'Crew 2', headSeq: 6 });
    const late = conversation({ kind: 'group', title: 'Crew', members: conversation().members.slice(0, 1) });
    const merged = mergeConversation(known, late, 'ann');
    expect([merged.title, merged.members.length, merged.headSeq]).toEqual(['Crew 2', 2, 6]);
    // Of two of one age the later one is right: a mute is not in the log.
    expect(mergeConversation(late, { ...late, muted: true }, 'ann').muted).toBe(true);
  });

  it('keeps the change of its last message over an answer that was given before it', () => {
    const changed = withChange(conversation(), message(5, 'bob', { text: 'changed', changeSeq: 6 }));
    expect(mergeConversation(changed, conversation(), 'ann').lastMessage?.text).toBe('changed');
    expect(withChange(changed, message(5, 'bob', { text: 'earlier' })).lastMessage?.text).toBe('changed');
  });

  it('takes what stands before a change of one’s own and is told after it', () => {
    const changed = withChange(conversation({ kind: 'group' }), message(5, 'ann', { changeSeq: 7 }));
    const told = mergeConversation(changed, conversation({ kind: 'group', title: 'New', headSeq: 6 }), 'ann');
    expect([told.title, told.headSeq, told.lastMessage?.changeSeq]).toEqual(['New', 6, 7]);
  });

  it('does not count what was deleted before it came', () => {
    const deletedAt = '2026-03-28T10:01:00.000Z';
    expect(withMessage(conversation(), message(6, 'bob', { deletedAt, text: '' }), 'ann').unread).toBe(2);
  });

  it('is counted anew where nobody counted above the higher mark and up to the higher head', () => {
    const read = withReceipt(conversation(), { username: 'ann', deliveredSeq: 5, readSeq: 4 }, 'ann');
    expect(mayMiscount(read, conversation({ headSeq: 6, unread: 3 }), 'ann')).toBe(true);
    expect(mayMiscount(conversation({ headSeq: 6, unread: 3 }), read, 'ann')).toBe(true);
    expect(mayMiscount(read, conversation(), 'ann')).toBe(false);
    expect(mergeConversation(read, conversation({ unread: 9 }), 'ann').unread).toBe(read.unread);
  });
});
