import type { Conversation, Message } from '../protocol/protocol';

/** A message of the conversation below. */
export function message(seq: number, sender: string, more: Partial<Message> = {}): Message {
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

/** Ann and Bob have said five things, of which Ann read three. */
export function conversation(more: Partial<Conversation> = {}): Conversation {
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
