import type { NotificationChoices } from '../../core/disk/notice-choices';
import { findUser, sameUser } from '../../core/handle';
import { plural } from '../../core/language/plural';
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
 * Messages that the person wants to hear of and has not read. Of what is muted only those that mention them
 * count.
 */
export function unreadOf(
  conversations: readonly Conversation[],
  mentions: (conversation: Conversation) => number = () => 0,
): number {
  const counted = (one: Conversation) => (one.muted ? Math.min(mentions(one), one.unread) : one.unread);
  return conversations.reduce((sum, one) => sum + counted(one), 0);
}

/**
 * What to tell of a message, or nothing: it is their own, read by now, deleted, or of a muted conversation and
 * does not mention them.
 */
export function noticeOf(
  conversation: Conversation,
  message: Message,
  me: string,
  { text }: Pick<NotificationChoices, 'text'>,
  mentioned = false,
): SystemNotification | null {
  const read = message.seq <= cursorsOf(conversation, me).readSeq;
  const silent = conversation.muted && !mentioned;
  if (sameUser(message.sender, me) || silent || message.deletedAt || read) return null;
  const { id, unread } = conversation;
  const title = titleOf(conversation, me);
  return {
    title: unread > 1 ? `${title} (${unread})` : title,
    body: text
      ? said(conversation, message)
      : plural(Math.max(unread, 1), $localize`{count, plural, one {New message} other {# new messages}}`),
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
