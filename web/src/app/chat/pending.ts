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
  return a.receiver !== undefined ? a.receiver === b.receiver : a.conversationId !== undefined && a.conversationId === b.conversationId;
}

/** To whom a chat is, by the key that it has in the client. */
export function addressOf(chat: string): Address {
  return chat.startsWith('@') ? { receiver: chat.slice(1) } : { conversationId: chat };
}

/** One name for a message from the moment it is written: what the list tracks it by. */
export function keyOf(message: Pick<Message, 'sender' | 'clientId'>): string {
  return `${message.sender}/${message.clientId}`;
}
