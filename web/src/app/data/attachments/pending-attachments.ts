import { Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import type { ChatKey } from '../../core/chat-key';
import { uuidv7 } from '../../core/format/uuid';
import type { Attachment } from '../../protocol/protocol';

/** Files of a message; the server takes no more. */
export const MOST = 10;

/** A file on its way to the server, and then there. */
export interface PendingAttachment {
  readonly key: string;
  readonly file: File;
  /** How much of it is there, from 0 to 1; nothing before its turn. */
  readonly progress?: number | undefined;
  readonly attachment?: Attachment;
  /** Why it did not get there. */
  readonly failure?: Failed | undefined;
}

export interface Failed {
  readonly said: string;
  /** Tried again by itself after a while, or once there is a connection. */
  readonly unreached: boolean;
}

/** What will go with the next message of a chat. */
export interface Held {
  readonly files: readonly PendingAttachment[];
  /** More were chosen than a message carries. */
  readonly full: boolean;
  /** Send was pressed: the message goes once all of them are there. */
  readonly waiting: boolean;
}

const NONE: Held = { files: [], full: false, waiting: false };

/**
 * What is attached and not sent, by conversation. The work is that of `UploadQueue`, which is loaded once there
 * is some.
 */
@Service()
export class PendingAttachments {
  private readonly chats = new BehaviorSubject<ReadonlyMap<ChatKey, Held>>(new Map());
  readonly chats$ = this.chats.asObservable();

  of(chat: ChatKey): Held {
    return this.chats.value.get(chat) ?? NONE;
  }

  set(chat: ChatKey, part: Partial<Held>): void {
    this.chats.next(new Map(this.chats.value).set(chat, { ...this.of(chat), ...part }));
  }

  /** As many as still fit. */
  add(chat: ChatKey, added: readonly File[]): void {
    const files = [...this.of(chat).files, ...added.map((file) => ({ key: uuidv7(), file }))];
    this.set(chat, { files: files.slice(0, MOST), full: files.length > MOST });
  }
}
