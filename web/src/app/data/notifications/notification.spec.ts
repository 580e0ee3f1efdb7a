import { describe, expect, it } from 'vitest';

import type { Conversation, Member, Message } from '../../protocol/protocol';
import { noticeOf, unreadOf } from './notification';

const member = (username: string, readSeq = 0) =>
  ({ username, displayName: username.toUpperCase(), role: 'member', deliveredSeq: 0, readSeq }) as Member;
const talk = (part: Partial<Conversation> = {}) =>
  ({
    id: 'c1',
    kind: 'direct',
    createdAt: '',
    headSeq: 7,
    unread: 1,
    muted: false,
    members: [member('ann', 6), member('bob')],
    ...part,
  }) as Conversation;
const message = (part: Partial<Message> = {}) =>
  ({ id: 'm7', conversationId: 'c1', seq: 7, sender: 'bob', text: 'Two\nlines', ...part }) as Message;
const told = (conversation: Conversation, part: Partial<Message> = {}, text = true) =>
  noticeOf(conversation, message(part), 'ann', { text });

describe('a notice', () => {
  it('is of what somebody else wrote, in one line, and leads to it', () => {
    expect(told(talk())).toEqual({ title: 'BOB', body: 'Two lines', tag: 'c1', message: 'm7', url: '/@bob' });
  });

  it('names who wrote in a group, and counts what waits', () => {
    const group = talk({ kind: 'group', title: 'Crew', unread: 3 });
    expect(told(group)).toMatchObject({ title: 'Crew (3)', body: 'BOB: Two lines', url: '/c/c1' });
    expect(told(group, { sender: 'gone' })).toMatchObject({ body: 'gone: Two lines' });
  });

  it('names files where there is no text', () => {
    const attachments = [{ name: 'tide.txt', type: 'text/plain' }] as NonNullable<Message['attachments']>;
    expect(told(talk(), { text: '', attachments })).toMatchObject({ body: 'tide.txt' });
  });

  it('does not show what was written to who wants that', () => {
    expect(told(talk(), {}, false)).toMatchObject({ title: 'BOB', body: 'New message' });
    expect(told(talk({ unread: 2 }), {}, false)).toMatchObject({ title: 'BOB (2)', body: '2 new messages' });
  });

  it('comes through a mute where it mentions the person', () => {
    const muted = talk({ muted: true, unread: 3 });
    expect(noticeOf(muted, message(), 'ann', { text: true }, true)).toMatchObject({ title: 'BOB (3)' });
    expect(noticeOf(muted, message({ sender: 'ann' }), 'ann', { text: true }, true)).toBeNull();
    expect(unreadOf([muted, talk()])).toBe(1);
    expect(unreadOf([muted, talk()], () => 2)).toBe(3);
    expect(unreadOf([talk({ muted: true, unread: 0 })], () => 2)).toBe(0);
  });

  it('is not of one’s own, of what is muted, read or deleted', () => {
    expect(told(talk(), { sender: 'ann' })).toBeNull();
    expect(told(talk({ muted: true }))).toBeNull();
    expect(told(talk({ members: [member('ann', 7), member('bob')] }))).toBeNull();
    expect(told(talk(), { deletedAt: '2026-01-01T00:00:00.000Z' })).toBeNull();
  });
});

describe('the count', () => {
  it('leaves out what is muted', () => {
    expect(unreadOf([talk({ unread: 2 }), talk({ unread: 5, muted: true }), talk({ unread: 1 })])).toBe(3);
    expect(unreadOf([])).toBe(0);
  });
});
