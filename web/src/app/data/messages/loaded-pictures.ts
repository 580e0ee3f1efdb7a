import { inject, Service } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import type { Attachment, Message } from '../../protocol/protocol';
import { isPicture } from '../attachments/boxes';
import { ExcerptStore } from './excerpt-store';
import { MessageStore } from './message-store';

/** A picture, and the message that carries it, once the server has that. */
export interface SentPicture {
  readonly file: Attachment;
  readonly message?: Message | undefined;
}

/** The pictures of a conversation that one may step through. */
@Service()
export class LoadedPictures {
  private readonly threads = toSignal(inject(MessageStore).threads$, { requireSync: true });
  private readonly excerpts = inject(ExcerptStore);

  /** Those of the messages in memory around this one, in the order in which they were sent. */
  around(message: Message): readonly SentPicture[] {
    const parts = [this.threads().get(message.conversationId), this.excerpts.shown?.thread];
    const part = parts.find((thread) => thread?.messages.some(({ id }) => id === message.id));
    return (part?.messages ?? [message]).flatMap((message) =>
      message.deletedAt ? [] : picturesOf(message.attachments ?? [], message),
    );
  }
}

export function picturesOf(files: readonly Attachment[], message?: Message): readonly SentPicture[] {
  return files.filter(isPicture).map((file) => ({ file, message }));
}
