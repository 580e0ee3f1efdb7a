import { type ChatKey, chatIn, chatWith } from '../../core/chat-key';
import { UserSet, findUser, linkToUser, sameUser, withoutUser } from '../../core/handle';
import type { Conversation, Member, Message, Receipt, Role } from '../../protocol/protocol';

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
  return conversation.title ?? peer(conversation, me)?.displayName ?? 'Conversation';
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
  return count === 0 ? '' : count === 1 ? '1 member' : `${count.toLocaleString('en')} members`;
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

/**
 * What the server says of a conversation, on top of what is known: an answer may be older than events that
 * came while it was under way, and a cursor never moves back.
 */
export function mergeConversation(
  known: Conversation | undefined,
  said: Conversation,
  me: string,
): Conversation {
  const { changes, ...state } = said;
  if (!known) return state;
  // Taken out of a group: what was said until then stays, and nothing of it waits to be read.
  if (!roleOf(said, me))
    return { ...state, ...(known.lastMessage ? { lastMessage: known.lastMessage } : {}), unread: 0 };
  // What is told of a change of a large group has not all the members that an answer has.
  const gone = new UserSet(changes?.flatMap(({ left }) => left ?? []));
  const named = new UserSet(said.members.map(({ username }) => username));
  const kept = changes && isCut(said) ? known.members : [];
  const others = kept.filter(({ username }) => !named.has(username) && !gone.has(username));
  const members = [...said.members, ...others].map((member) => {
    const before = cursorsOf(known, member.username);
    return {
      ...member,
      deliveredSeq: Math.max(member.deliveredSeq, before.deliveredSeq),
      readSeq: Math.max(member.readSeq, before.readSeq),
    };
  });
  const newest = said.headSeq >= known.headSeq ? said : known;
  const { headSeq, unread } = newest;
  // One's own message may be acknowledged before what stands in front of it is told.
  const lastMessage = (known.lastMessage?.seq ?? 0) > newest.headSeq ? known.lastMessage : newest.lastMessage;
  const merged: Conversation = { ...state, members, headSeq, unread };
  if (lastMessage) merged.lastMessage = lastMessage;
  // What was read here while the answer was under way stays read.
  const read = cursorsOf(merged, me).readSeq;
  if (read > cursorsOf(said, me).readSeq && read >= (lastMessage?.seq ?? 0)) merged.unread = 0;
  return merged;
}

/**
 * A message that is newer than anything that was told counts once, and only if somebody else wrote it.
 *
 * The acknowledgement of one's own does not wait for what others wrote just before it: what is between is
 * still to be told, and to be counted.
 */
export function withMessage(conversation: Conversation, message: Message, me: string): Conversation {
  const { headSeq, lastMessage } = conversation;
  const own = sameUser(message.sender, me);
  const newest = message.seq > (lastMessage?.seq ?? 0);
  if (message.seq <= headSeq || (own && !newest)) return conversation;
  const inTurn = !own || message.seq === headSeq + 1;
  const fresh = !own && message.seq > cursorsOf(conversation, me).readSeq;
  return {
    ...conversation,
    headSeq: inTurn ? message.seq : headSeq,
    ...(newest ? { lastMessage: message } : {}),
    unread: conversation.unread + (fresh ? 1 : 0),
  };
}

export function withChange(conversation: Conversation, changed: Message): Conversation {
  const headSeq = Math.max(conversation.headSeq, changed.changeSeq ?? changed.seq);
  if (conversation.lastMessage?.id !== changed.id)
    return headSeq === conversation.headSeq ? conversation : { ...conversation, headSeq };
  return { ...conversation, headSeq, lastMessage: changed };
}

export function withReceipt(
  conversation: Conversation,
  { username, deliveredSeq, readSeq }: Omit<Receipt, 'conversationId'>,
  me: string,
): Conversation {
  const before = cursorsOf(conversation, username);
  if (deliveredSeq <= before.deliveredSeq && readSeq <= before.readSeq) return conversation;
  const members = conversation.members.map((member) =>
    sameUser(member.username, username)
      ? {
          ...member,
          deliveredSeq: Math.max(deliveredSeq, member.deliveredSeq),
          readSeq: Math.max(readSeq, member.readSeq),
        }
      : member,
  );
  const all = sameUser(username, me) && readSeq >= (conversation.lastMessage?.seq ?? 0);
  return { ...conversation, members, unread: all ? 0 : conversation.unread };
}

/**
 * The count of an answer, unless the answer is older than what was read or came here since it was asked for.
 */
export function withCount(known: Conversation, said: Conversation, me: string): Conversation {
  const current =
    said.headSeq >= known.headSeq && cursorsOf(said, me).readSeq >= cursorsOf(known, me).readSeq;
  return current && said.unread !== known.unread ? { ...known, unread: said.unread } : known;
}
