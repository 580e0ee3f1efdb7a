import { handleOf } from '../../core/handle';
import type { Attachment, Message } from '../../protocol/protocol';

export type { Pending } from '../../core/disk/outbox-schema';

/** What is to be sent. */
export interface Written {
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

/** One name for a message from the moment it is written: what the list tracks it by. */
export function keyOf(message: Pick<Message, 'sender' | 'clientId'>): string {
  return `${handleOf(message.sender)}/${message.clientId}`;
}
