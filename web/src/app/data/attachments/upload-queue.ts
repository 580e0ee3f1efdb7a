import { inject, Service } from '@angular/core';
import { filter, firstValueFrom, map } from 'rxjs';

import type { ChatKey } from '../../core/chat-key';
import { Api } from '../../core/api/api';
import { breath } from '../../core/breath';
import { sameUser } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import type { Attachment } from '../../protocol/protocol';
import { Files } from './files';
import {
  PendingAttachments,
  type PendingAttachment,
  type Failed,
  type Held,
  MOST,
} from './pending-attachments';
import { Refused, upload } from './upload';

/** The server takes four of a person at a time: one is left for another tab. */
const AT_ONCE = 3;
const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 60_000;
/** A message waits for a file until that failed this many times in a row, though there was a connection. */
const TRIES = 2;

/** Sends what is attached, a few files at a time, in the order in which they came. */
@Service()
export class UploadQueue {
  private readonly api = inject(Api);
  private readonly attached = inject(PendingAttachments);
  private readonly files = inject(Files);
  private chats: ReadonlyMap<ChatKey, Held> = new Map();
  private readonly under = new Map<string, AbortController>();
  private online = false;
  /** How many times in a row a file did not reach the server, though there was a connection. */
  private readonly unreached = new Map<string, number>();

  constructor() {
    this.attached.chats$.subscribe((chats) => {
      this.chats = chats;
      this.next();
    });
    // What is attached lives as long as the page; a page that somebody logged out of goes unasked.
    const auth = inject(AuthService);
    const me = auth.user?.username;
    addEventListener('beforeunload', (event) => {
      if (sameUser(auth.user?.username, me) && this.all().length > 0) event.preventDefault();
    });
    inject(WebSocketService).status$.subscribe((status) => {
      this.online = status === 'online';
      if (this.online) this.all().forEach((one) => this.afresh(one));
    });
  }

  again(key: string): void {
    this.unreached.delete(key);
    this.change(key, { failure: undefined });
  }

  remove(key: string): void {
    this.each(key, (files) => files.filter((one) => one.key !== key));
    this.under.get(key)?.abort();
  }

  /**
   * All files of a chat once they are there, however long there is no connection; nothing where one failed,
   * or after `stop`.
   */
  async whole(chat: ChatKey): Promise<readonly Attachment[] | null> {
    this.attached.of(chat).files.forEach((one) => this.afresh(one));
    this.attached.set(chat, { waiting: true });
    const failed = ({ key, failure }: PendingAttachment) =>
      failure && (!failure.unreached || (this.unreached.get(key) ?? 0) >= TRIES);
    const settled = ({ files, waiting }: Held) =>
      !waiting || files.every(({ attachment }) => attachment) || files.some(failed);
    const { files, waiting } = await firstValueFrom(
      this.attached.chats$.pipe(
        map(() => this.attached.of(chat)),
        filter(settled),
      ),
    );
    this.attached.set(chat, { waiting: false });
    const there = files.flatMap(({ attachment }) => attachment ?? []);
    return waiting && there.length === files.length ? there : null;
  }

  /** They went with a message. */
  clear(chat: ChatKey): void {
    this.attached.set(chat, { files: [], full: false });
  }

  private next(): void {
    for (const one of this.all()) {
      if (this.under.size >= AT_ONCE) return;
      if (!one.attachment && !one.failure && !this.under.has(one.key)) void this.send(one);
    }
  }

  private async send({ key, file }: PendingAttachment): Promise<void> {
    const abort = new AbortController();
    this.under.set(key, abort);
    try {
      const attachment = await this.patiently(key, file, abort.signal);
      // The message will have its small picture at once, and without a connection, too.
      if (attachment.thumbnailUrl) this.files.picture(attachment.thumbnailUrl).catch(() => undefined);
      this.change(key, { attachment });
    } catch (error) {
      // A folder that was dropped, or a file that has changed since: the browser calls that a failure of the
      // network.
      const readable = await file
        .slice(0, 1)
        .arrayBuffer()
        .then(
          () => true,
          () => false,
        );
      const failure = readable ? reason(error) : { said: $localize`It cannot be read.`, unreached: false };
      if (failure.unreached) this.later(key);
      this.change(key, { failure, progress: undefined });
    } finally {
      this.under.delete(key);
      this.next();
    }
  }

  /** What did not reach the server is tried again, as if for the first time. */
  private afresh({ key, failure }: PendingAttachment): void {
    this.unreached.delete(key);
    if (failure?.unreached && this.online) this.again(key);
  }

  /**
   * Once there is a connection, and after a pause where there is one: it may be this request alone that got
   * no answer.
   */
  private later(key: string): void {
    if (!this.online) return;
    const times = (this.unreached.get(key) ?? 0) + 1;
    this.unreached.set(key, times);
    const again = () => {
      const due = this.unreached.get(key) === times && this.find(key)?.failure?.unreached;
      if (due && this.online) this.change(key, { failure: undefined });
    };
    setTimeout(again, Math.min(FIRST_PAUSE * 2 ** (times - 1), LONGEST_PAUSE));
  }

  /** Too many uploads at a time, in other tabs or on other devices, are no failure: it waits for its turn. */
  private async patiently(key: string, file: File, signal: AbortSignal): Promise<Attachment> {
    for (;;) {
      try {
        const progress = (progress: number) => this.change(key, { progress });
        return await this.api.authorized((token) => upload(file, { token, signal, progress }));
      } catch (error) {
        if (signal.aborted || !(error instanceof Failure) || error.code !== 'rate_limited') throw error;
        await breath((error.problem?.retryAfter ?? 1) * 1_000);
      }
    }
  }

  private change(key: string, part: Partial<PendingAttachment>): void {
    this.each(key, (files) => files.map((one) => (one.key === key ? { ...one, ...part } : one)));
  }

  private each(
    key: string,
    change: (files: readonly PendingAttachment[]) => readonly PendingAttachment[],
  ): void {
    for (const [chat, held] of this.chats) {
      if (!held.files.some((one) => one.key === key)) continue;
      const files = change(held.files);
      this.attached.set(chat, { files, full: held.full && files.length === MOST });
    }
  }

  private find(key: string): PendingAttachment | undefined {
    return this.all().find((one) => one.key === key);
  }

  private all(): PendingAttachment[] {
    return [...this.chats.values()].flatMap(({ files }) => files);
  }
}

/** Why a file was not taken, for the person who attached it. */
export function reason(error: unknown): Failed {
  const code =
    error instanceof Failure
      ? error.code
      : error instanceof Refused && error.status === 413
        ? 'too_large'
        : '';
  const said: Partial<Record<string, string>> = {
    unreachable: $localize`No connection.`,
    too_large: $localize`Larger than this server takes.`,
    quota_exceeded: $localize`Your files have no more room. Delete messages with some.`,
  };
  return { said: said[code] ?? explain(error), unreached: code === 'unreachable' };
}
