import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { explain, Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import type { Message } from '../../protocol/protocol';
import { checkPacket } from '../outbox/too-long';

/**
 * Changes of messages that the server has. Unlike a new message, a change does not wait for a connection:
 * without one it is refused, and nothing is shown that is not so.
 */
@Service()
export class MessageChanges {
  private readonly socket = inject(WebSocketService);
  private readonly failure = new BehaviorSubject('');
  /** Why the last reaction was not taken. */
  readonly failure$ = this.failure.asObservable();

  async edit({ conversationId, id }: Message, text: string): Promise<void> {
    const change = { conversationId, id, text };
    checkPacket('message:edit', change);
    await this.take(
      this.socket.request('message:edit', change),
      $localize`The change could not be saved: there is no connection. Try again once you are back.`,
    );
  }

  async remove({ conversationId, id }: Message): Promise<void> {
    await this.take(
      this.socket.request('message:delete', { conversationId, id }),
      $localize`The message could not be deleted: there is no connection. Try again once you are back.`,
    );
  }

  /** Why a reaction was not taken is told through `failure$`. */
  refuse(error: unknown): void {
    this.failure.next(explain(error));
  }

  forget(): void {
    if (this.failure.value) this.failure.next('');
  }

  /**
   * Shows the message that a change was answered with: it is newer than what is known of it. `unreached` is
   * said where there is no connection.
   */
  async take(asked: Promise<Message>, unreached: string): Promise<void> {
    try {
      this.socket.updated$.next(await asked);
    } catch (error) {
      if (error instanceof Failure && error.problem) throw error;
      throw new Failure(null, unreached);
    }
  }
}
