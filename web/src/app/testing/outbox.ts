import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';

import { Failure } from '../core/http/problem';
import { type Status, WebSocketService } from '../core/line/web-socket-service';
import { AuthService } from '../core/session/auth-service';
import { ConversationStore } from '../data/conversations/conversation-store';
import { Outbox } from '../data/outbox/outbox';
import type { Pending } from '../data/outbox/pending';
import type { Message, Problem } from '../protocol/protocol';

export const problem = (code: string, retryable: boolean): Problem =>
  ({ code, retryable, detail: code, status: 400, title: code, type: code }) as Problem;

/** A server that stores what arrives, once for each clientId. */
export class Wire {
  readonly status$ = new BehaviorSubject<Status>('online');
  readonly stored: string[] = [];
  failures: (Failure | 'lost' | 'cut')[] = [];
  readonly attached: string[][] = [];
  /** What was put on the wire, stored or not. */
  readonly sent: string[] = [];

  get online() {
    return this.status$.value === 'online';
  }

  request(
    _event: string,
    { clientId, text, attachments }: { clientId: string; text: string; attachments?: string[] },
  ): Promise<Message> {
    if (!this.online) return Promise.reject(new Failure(null));
    if (attachments) this.attached.push(attachments);
    this.sent.push(text);
    const failure = this.failures.shift();
    if (failure === 'cut') {
      this.status$.next('offline');
      setTimeout(() => this.status$.next('online'), 10);
      return Promise.reject(new Failure(null));
    }
    if (failure instanceof Failure) return Promise.reject(failure);
    if (!this.stored.includes(text)) this.stored.push(text);
    if (failure === 'lost') return Promise.reject(new Failure(null));
    return Promise.resolve({
      id: clientId,
      conversationId: 'c',
      seq: this.stored.length,
      clientId,
      sender: 'ann',
      text,
      timestamp: '',
    });
  }
}

/** That of a page that was opened just now; those of earlier pages live on, as in other tabs. */
export function outboxOf(
  username: string,
  wire: Wire,
  prepare: () => void = () => undefined,
  conversations: object = { find: () => ({}) },
): Outbox {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: WebSocketService, useValue: wire },
      { provide: ConversationStore, useValue: { me: username, ...conversations } },
      { provide: AuthService, useValue: { user: { username } } },
    ],
  });
  prepare();
  return TestBed.inject(Outbox);
}

export function entries(box: Outbox): readonly Pending[] {
  let held: readonly Pending[] = [];
  box.pending$.subscribe((pending) => (held = pending)).unsubscribe();
  return held;
}

export function waiting(box: Outbox): string[] {
  return entries(box).map(({ text }) => text);
}
