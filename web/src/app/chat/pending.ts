import { handleOf, sameUser } from '../people/handle';
import type { Attachment, ConversationId, Message, MessageId, Problem } from '../protocol/protocol';

/** A message that the person wrote and the server has not acknowledged yet. */
export interface Pending {
  clientId: string;
  /** To a person … */
  receiver?: string;
  /** … or to a group. */
  conversationId?: ConversationId;
  text: string;
  replyTo?: MessageId;
  /** Files that the server has already. */
  attachments?: readonly Attachment[];
  /** When it was written (milliseconds). */
  writtenAt: number;
  /** Set once the server refused it for good; it stays until the person retries or discards it. */
  problem?: Problem;
}

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
