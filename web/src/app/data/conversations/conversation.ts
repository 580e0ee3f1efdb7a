import { type ChatKey, chatIn, chatWith } from '../../core/chat-key';
import { findUser, linkToUser, withoutUser } from '../../core/handle';
import { plural } from '../../core/language/plural';
import type { Conversation, Member, Role } from '../../protocol/protocol';

/** The other one of two; oneself in a conversation with oneself, nobody in a group. */
export function peer(conversation: Conversation, me: string): Member | undefined {
  if (conversation.kind === 'group') return undefined;
  return withoutUser(conversation.members, me)[0] ?? conversation.members[0];
}

/** The chat that a conversation is shown in. */
export function chatOf(conversation: Conversation, me: string): ChatKey {
  const other = peer(conversation, me);
  return other ? chatWith(other.username) : chatIn(conversation.id);
}

/** The conversation of a chat, if it has begun; also one of two by its id, as an address may have it. */
export function conversationOf(
  conversations: readonly Conversation[],
  chat: ChatKey,
  me: string,
): Conversation | undefined {
  return conversations.find((one) => one.id === chat || chatOf(one, me) === chat);
}

export function titleOf(conversation: Conversation, me: string): string {
  return conversation.title ?? peer(conversation, me)?.displayName ?? $localize`Conversation`;
}

/** What somebody may do in it; nothing where they are not, or no longer, part of it. */
export function roleOf(conversation: Conversation, username: string): Role | undefined {
  return findUser(conversation.members, username)?.role;
}

/** Where the router finds it. */
export function linkTo(conversation: Conversation, me: string): string[] {
  const other = peer(conversation, me);
  return other ? [linkToUser(other.username)] : ['/c', conversation.id];
}

/** How many are in it. What this browser kept of older days has no count, nor a member who is not shown. */
export function countOf({ memberCount, members }: Conversation): number {
  return Math.max(memberCount || 0, members.length);
}

/** The same in words; nothing of nobody. */
export function membersOf(conversation: Conversation): string {
  const count = countOf(conversation);
  return count === 0 ? '' : plural(count, $localize`{count, plural, one {# member} other {# members}}`);
}

/** Whether it has more members than it shows. */
export function isCut(conversation: Conversation | undefined): boolean {
  return conversation !== undefined && countOf(conversation) > conversation.members.length;
}

export function cursorsOf(
  conversation: Conversation,
  username: string,
): { deliveredSeq: number; readSeq: number } {
  return findUser(conversation.members, username) ?? { deliveredSeq: 0, readSeq: 0 };
}

/** When something last happened in it. */
export function activity(conversation: Conversation): string {
  return conversation.lastMessage?.timestamp ?? conversation.createdAt;
}
