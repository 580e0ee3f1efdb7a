import { sameUser, UserSet } from '../../core/handle';
import { newer } from '../../core/newer';
import type { Conversation, Message, Receipt } from '../../protocol/protocol';
import { cursorsOf, isCut, roleOf } from './conversation';

/** Both lists in one, by ascending seq, each message once and in its latest state. */
export function merge(held: readonly Message[], arrived: readonly Message[]): readonly Message[] {
  if (arrived.length === 0) return held;
  const last = held.at(-1);
  const first = arrived[0]!;
  // Nearly always: one new message behind all others.
  if (arrived.length === 1 && (!last || first.seq > last.seq)) return [...held, first];
  const bySeq = new Map(held.map((message) => [message.seq, message]));
  for (const message of arrived) {
    const known = bySeq.get(message.seq);
    if (!known || newer(message, known)) bySeq.set(message.seq, message);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** The later state of a message that is held; nothing is added. */
export function replace(held: readonly Message[], changed: Message): readonly Message[] {
  const index = held.findIndex((message) => message.id === changed.id);
  return index < 0 || !newer(changed, held[index]!) ? held : held.with(index, changed);
}

/**
 * What the server says of a conversation, on top of what is known. An answer may be older than events that
 * came while it was under way:
 *
 * | of               | what wins                                                              |
 * |------------------|------------------------------------------------------------------------|
 * | a mark           | the higher one                                                         |
 * | the last message | the later message, in its later state                                  |
 * | the unread count | what was said with the higher head, then with the higher read mark     |
 * | everything else  | what was said with the higher head; of equals what was said last       |
 *
 * A count may be of neither, where one has the higher head and the other the higher read mark: see
 * `mayMiscount`.
 */
export function mergeConversation(
  known: Conversation | undefined,
  said: Conversation,
  me: string,
): Conversation {
  if (!known) {
    const { changes: _, ...state } = said;
    return state;
  }
  const { changes, ...state } = said.headSeq >= known.headSeq ? said : known;
  const lastMessage = laterOf(known.lastMessage, said.lastMessage);
  // Taken out of a group: what was said until then stays, and nothing of it waits to be read.
  if (!roleOf(state, me)) return { ...state, ...(lastMessage ? { lastMessage } : {}), unread: 0 };
  // What is told of a change of a large group has not all the members that an answer has.
  const gone = new UserSet(changes?.flatMap(({ left }) => left ?? []));
  const named = new UserSet(state.members.map(({ username }) => username));
  const kept = changes && isCut(state) ? known.members : [];
  const others = kept.filter(({ username }) => !named.has(username) && !gone.has(username));
  const members = [...state.members, ...others].map((member) => {
    const [a, b] = [cursorsOf(known, member.username), cursorsOf(said, member.username)];
    return {
      ...member,
      deliveredSeq: Math.max(a.deliveredSeq, b.deliveredSeq),
      readSeq: Math.max(a.readSeq, b.readSeq),
    };
  });
  const merged: Conversation = { ...state, members, unread: laterCount(known, said, me) };
  if (lastMessage) merged.lastMessage = lastMessage;
  if (cursorsOf(merged, me).readSeq >= (lastMessage?.seq ?? 0)) merged.unread = 0;
  return merged;
}

/** Whether no one ever counted what is unread above the higher read mark and up to the higher head. */
export function mayMiscount(known: Conversation, said: Conversation, me: string): boolean {
  const [before, now] = [cursorsOf(known, me).readSeq, cursorsOf(said, me).readSeq];
  return (said.headSeq - known.headSeq) * (now - before) < 0;
}

function laterCount(known: Conversation, said: Conversation, me: string): number {
  if (said.headSeq !== known.headSeq) return (said.headSeq > known.headSeq ? said : known).unread;
  return (cursorsOf(said, me).readSeq >= cursorsOf(known, me).readSeq ? said : known).unread;
}

function laterOf(a: Message | undefined, b: Message | undefined): Message | undefined {
  if (!a || !b) return a ?? b;
  if (a.seq !== b.seq) return a.seq > b.seq ? a : b;
  return newer(b, a) ? b : a;
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
  const fresh = !own && !message.deletedAt && message.seq > cursorsOf(conversation, me).readSeq;
  return {
    ...conversation,
    headSeq: inTurn ? message.seq : headSeq,
    ...(newest ? { lastMessage: message } : {}),
    unread: conversation.unread + (fresh ? 1 : 0),
  };
}

/** Like an acknowledged message, a change of one's own may come before what stands in front of it. */
export function withChange(conversation: Conversation, changed: Message): Conversation {
  const { lastMessage } = conversation;
  const inTurn = changed.changeSeq === conversation.headSeq + 1;
  const last = lastMessage?.id === changed.id && newer(changed, lastMessage) ? changed : lastMessage;
  if (!inTurn && last === lastMessage) return conversation;
  return {
    ...conversation,
    headSeq: conversation.headSeq + (inTurn ? 1 : 0),
    ...(last ? { lastMessage: last } : {}),
  };
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
