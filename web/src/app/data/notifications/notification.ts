import type { NotificationChoices } from '../../core/disk/schema';
import { findUser, sameUser } from '../../core/handle';
import type { Conversation, Message } from '../../protocol/protocol';
import { summary } from '../attachments/summary';
import { cursorsOf, linkTo, titleOf } from '../conversations/conversation';

/** What the system is to show of a conversation: one at a time, the newest in place of the one before. */
export interface SystemNotification {
  readonly title: string;
  readonly body: string;
  /** The conversation. */
  readonly tag: string;
  /** The message, which may be deleted. */
  readonly message: string;
  /** Where a click leads. */
  readonly url: string;
}

/**
 * Messages that the person wants to hear of and has not read. What is muted counts beside its conversation
 * only.
 */
export function unreadOf(conversations: readonly Conversation[]): number {
  return conversations.reduce((sum, { muted, unread }) => (muted ? sum : sum + unread), 0);
}

/**
 * What to tell of a message, or nothing: it is their own, read by now, deleted, or of a muted conversation.
 */
export function noticeOf(
  conversation: Conversation,
  message: Message,
  me: string,
  { text }: Pick<NotificationChoices, 'text'>,
): SystemNotification | null {
  const read = message.seq <= cursorsOf(conversation, me).readSeq;
  if (sameUser(message.sender, me) || conversation.muted || message.deletedAt || read) return null;
  const { id, unread } = conversation;
  const title = titleOf(conversation, me);
  return {
    title: unread > 1 ? `${title} (${unread})` : title,
    body: text ? said(conversation, message) : unread > 1 ? `${unread} new messages` : 'New message',
    tag: id,
    message: message.id,
    url: linkTo(conversation, me).join('/'),
  };
}

function said({ kind, members }: Conversation, message: Message): string {
  const { sender } = message;
  const what = summary(message);
  if (kind === 'direct') return what;
  const name = findUser(members, sender)?.displayName ?? sender;
  return `${name}: ${what}`;
}
