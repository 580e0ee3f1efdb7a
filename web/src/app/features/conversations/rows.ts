import { chatAt, type ChatKey } from '../../core/chat-key';
import { findUser, linkToUser, sameUser, withoutUser } from '../../core/handle';
import { summary } from '../../data/attachments/summary';
import { activity, chatOf, linkTo, peer, roleOf, titleOf } from '../../data/conversations/conversation';
import { type Tick, tickOf } from '../../data/messages/timeline';
import type { Pending } from '../../data/outbox/pending';
import type { Conversation } from '../../protocol/protocol';
import type { Anchor } from '../../ui/anchor';

/** One line of the list of conversations. */
export interface Row {
  readonly key: string;
  /** The key of its chat: what its draft is kept under. */
  readonly chat: ChatKey;
  readonly title: string;
  /** Between two, and not a group. */
  readonly person: boolean;
  readonly username: string;
  readonly group: boolean;
  readonly muted: boolean;
  readonly link: string[];
  readonly preview: string;
  /** Who wrote it, in a group. */
  readonly from?: string;
  /** The preview is the person's own message. */
  readonly own: boolean;
  readonly tick?: Tick;
  readonly time: Date;
  readonly unread: number;
  /** Marked as unread by the person, in this browser. */
  readonly marked: boolean;
  /** How many of the unread messages mention the person, as far as that is known. */
  readonly mentions: number;
  readonly pinned: boolean;
  /** Put away by the person, until something new is said; where it is muted, whatever is said. */
  readonly archived: boolean;
  /** The person has blocked the other one. */
  readonly blocked: boolean;
  /** A group that the person is not part of any more. */
  readonly left: boolean;
}

/** A row whose menu is wanted, and where. */
export interface WantedRow {
  readonly row: Row;
  readonly at: Anchor;
}

/** What is known of chats besides their conversations. */
export interface Noted {
  readonly pinned: ReadonlyMap<ChatKey, number>;
  readonly unread: ReadonlyMap<ChatKey, number>;
  readonly archived: ReadonlyMap<ChatKey, number>;
  readonly blocked: ReadonlySet<string>;
  readonly mentions: (conversation: Conversation) => number;
}

const NONE: ReadonlyMap<ChatKey, number> = new Map();
const NOTHING: Noted = {
  pinned: NONE,
  unread: NONE,
  archived: NONE,
  blocked: new Set(),
  mentions: () => 0,
};

/**
 * The list: what is pinned, and then the rest, each with the newest activity first. What waits in the outbox
 * counts as activity, and somebody who was written to for the first time, perhaps without a connection, has a
 * line already. `former` are the names of people who left.
 */
export function rows(
  conversations: readonly Conversation[],
  outbox: readonly Pending[],
  me: string,
  former?: ReadonlyMap<string, string>,
  noted = NOTHING,
): Row[] {
  const waiting = new Map<ChatKey, Pending>();
  for (const pending of outbox) waiting.set(chatAt(pending), pending);
  const found = conversations.map((conversation): Row => {
    const other = peer(conversation, me);
    const chat = chatOf(conversation, me);
    const pending = waiting.get(chat);
    waiting.delete(chat);
    const line = {
      key: conversation.id,
      chat,
      person: other !== undefined,
      title: titleOf(conversation, me),
      username: other?.username ?? conversation.id,
      group: conversation.kind === 'group',
      muted: conversation.muted,
      link: linkTo(conversation, me),
      unread: conversation.unread,
      mentions: noted.mentions(conversation),
      left: !roleOf(conversation, me),
      archived: isArchived(conversation, noted.archived.get(chat)),
      ...flags(chat, noted, other?.username),
    };
    return pending ? { ...line, ...ofPending(pending) } : { ...line, ...ofLast(conversation, me, former) };
  });
  for (const [chat, pending] of waiting) {
    const { receiver } = pending;
    if (!receiver) continue;
    const line = {
      key: chat,
      chat,
      person: true,
      title: receiver,
      username: receiver,
      group: false,
      muted: false,
      unread: 0,
      mentions: 0,
      left: false,
      archived: false,
      ...flags(chat, noted, receiver),
    };
    found.push({ ...line, link: [linkToUser(receiver)], ...ofPending(pending) });
  }
  return found.sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.time.getTime() - a.time.getTime());
}

/** Since when it was: what was said later brings it back. */
function isArchived({ lastMessage, muted }: Conversation, since: number | undefined): boolean {
  return since !== undefined && (muted || (lastMessage?.seq ?? 0) <= since);
}

function flags(
  chat: ChatKey,
  { pinned, unread, blocked }: Noted,
  username = '',
): Pick<Row, 'pinned' | 'marked' | 'blocked'> {
  return { pinned: pinned.has(chat), marked: unread.has(chat), blocked: blocked.has(username) };
}

function ofPending(pending: Pending): Pick<Row, 'preview' | 'own' | 'tick' | 'time'> {
  return {
    preview: summary(pending),
    own: true,
    tick: pending.problem ? 'failed' : 'pending',
    time: new Date(pending.writtenAt),
  };
}

function ofLast(
  conversation: Conversation,
  me: string,
  former?: ReadonlyMap<string, string>,
): Pick<Row, 'preview' | 'from' | 'own' | 'tick' | 'time'> {
  const last = conversation.lastMessage;
  const time = new Date(activity(conversation));
  if (!roleOf(conversation, me)) return { preview: $localize`You are no longer a member`, own: false, time };
  if (!last) return { preview: $localize`No messages yet`, own: false, time };
  const own = sameUser(last.sender, me);
  const preview = last.deletedAt ? $localize`Message deleted` : summary(last);
  const member = findUser(conversation.members, last.sender);
  const from =
    conversation.kind === 'group' && !own && !last.deletedAt
      ? { from: member?.displayName ?? former?.get(last.sender) ?? last.sender }
      : {};
  const others = withoutUser(conversation.members, me);
  return {
    preview,
    own,
    time,
    ...from,
    ...(own && !last.deletedAt ? { tick: tickOf(last.seq, others) } : {}),
  };
}
