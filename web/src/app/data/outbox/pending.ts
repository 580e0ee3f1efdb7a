import type { Pending } from '../../core/disk/schema';
import { handleOf, sameUser } from '../../core/handle';
import type { Attachment, ConversationId, Message } from '../../protocol/protocol';

export type { Pending } from '../../core/disk/schema';

/** What is to be sent. */
export interface Written {
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

/** Where messages of one chat go: a person, or a group by its id. */
export type Address = { receiver: string } | { conversationId: ConversationId };

export function sameAddress(a: Partial<Pending>, b: Partial<Pending>): boolean {
  if (a.receiver !== undefined) return sameUser(a.receiver, b.receiver);
  return a.conversationId !== undefined && a.conversationId === b.conversationId;
}

/** The key of a chat in this client: what its draft, its files and its unsent messages are found by. */
export function chatOf({ receiver, conversationId }: Partial<Pending>): string {
  return receiver === undefined ? (conversationId ?? '') : `@${handleOf(receiver)}`;
}

/** The address of a person, or else of a group. */
export function addressTo(receiver: string | undefined, conversationId = ''): Address {
  return receiver === undefined ? { conversationId } : { receiver };
}

/** The address of a chat, by its key. */
export function addressOf(chat: string): Address {
  return chat.startsWith('@') ? { receiver: chat.slice(1) } : { conversationId: chat };
}

/** One name for a message from the moment it is written: what the list tracks it by. */
export function keyOf(message: Pick<Message, 'sender' | 'clientId'>): string {
  return `${handleOf(message.sender)}/${message.clientId}`;
}
