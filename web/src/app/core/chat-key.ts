import type { ConversationId } from '../protocol/protocol';
import { handleOf } from './handle';

declare const brand: unique symbol;

/**
 * The name of a chat in this client: `@bob` of the one with Bob, which may have no message yet, or the id of a
 * group. Its draft, its files and its unsent messages are kept under it. Keys are made here and compared by
 * `===`; nothing else tells one chat from another.
 */
export type ChatKey = string & { readonly [brand]: true };

/** Where messages of a chat go: to a person, in the spelling that is known, or to a group by its id. */
export type Address = { receiver: string } | { conversationId: ConversationId };

export function chatWith(username: string): ChatKey {
  return `@${handleOf(username)}` as ChatKey;
}

export function chatIn(group: ConversationId): ChatKey {
  return group as ChatKey;
}

/** The chat of an address; what names neither a person nor a group is in no chat. */
export function chatAt(address: {
  readonly receiver?: string | undefined;
  readonly conversationId?: ConversationId | undefined;
}): ChatKey {
  return address.receiver === undefined ? chatIn(address.conversationId ?? '') : chatWith(address.receiver);
}

export function addressOf(chat: ChatKey): Address {
  return chat.startsWith('@') ? { receiver: chat.slice(1) } : { conversationId: chat };
}
