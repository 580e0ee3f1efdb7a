import { DOCUMENT, inject, Service } from '@angular/core';
import { BehaviorSubject, Subject } from 'rxjs';
import type { Socket } from 'socket.io-client';

import type {
  ClientToServerEvents,
  Conversation,
  InvitationChange,
  Message,
  Presence,
  Problem,
  Receipt,
  Reply,
  ServerToClientEvents,
  Synced,
  Typing,
} from '../../protocol/protocol';
import { BASE } from '../base';
import { breath } from '../breath';
import { backoff } from '../http/backoff';
import { Failure, isProblem } from '../http/problem';
import { AuthService } from '../session/auth-service';
import { type Line, type LineEvent, type Status, step, UNCONNECTED } from './line';

export type { Status } from './line';

type Requests = ClientToServerEvents;
type Payload<E extends keyof Requests> = Parameters<Requests[E]>[0];
type Answer<E extends keyof Requests> = Parameters<Requests[E]>[1] extends (reply: Reply<infer T>) => void
  ? T
  : never;

const CONNECT_WITHIN = 5_000;
const ANSWER_WITHIN = 10_000;
const PROBE_WITHIN = 3_000;
/** Where the browser says that the network is gone, that is so more often than not. */
const UNPLUGGED_PROBE_WITHIN = 600;
// Back within two seconds for whoever looks at the page; a hidden page lets the server breathe.
const RETRY_SEEN = 1_000;
const RETRY_HIDDEN = 15_000;

/** The live connection, and the only file that knows which library makes it. */
@Service()
export class WebSocketService {
  private readonly auth = inject(AuthService);
  private readonly window = inject(DOCUMENT).defaultView!;
  private readonly status = new BehaviorSubject<Status>(UNCONNECTED.status);
  readonly status$ = this.status.asObservable();
  readonly message$ = new Subject<Message>();
  readonly updated$ = new Subject<Message>();
  readonly receipt$ = new Subject<Receipt>();
  readonly conversation$ = new Subject<Conversation>();
  readonly invitation$ = new Subject<InvitationChange>();
  readonly typing$ = new Subject<Typing>();
  readonly presence$ = new Subject<Presence>();
  readonly synced$ = new Subject<Synced>();
  /** The server does not know the cursor that this client had. */
  readonly cursorLost$ = new Subject<void>();

  private socket: Socket<ServerToClientEvents, ClientToServerEvents> | null = null;
  private line: Line = UNCONNECTED;
  /** How often the server has turned this client away since it was connected. */
  private refusals = 0;

  get online(): boolean {
    return this.status.value === 'online';
  }

  /** Connects, and stays connected until the session ends; `cursor` is asked at every attempt. */
  async connect(cursor: () => string | undefined): Promise<void> {
    const { io } = await this.library();
    await breath();
    const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io({
      path: `${BASE}/socket.io/`,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      timeout: CONNECT_WITHIN,
      reconnectionDelay: 250,
      reconnectionDelayMax: RETRY_SEEN,
      randomizationFactor: 0.3,
      auth: (give) => give({ token: this.auth.token, cursor: cursor() }),
    });
    this.socket = socket;
    socket.on('connect', () => {
      this.refusals = 0;
      this.happened('connected');
    });
    socket.on('disconnect', (reason) => {
      this.happened('disconnected');
      // The server ended it on purpose; the next attempt says why.
      if (reason === 'io server disconnect') socket.connect();
    });
    socket.on('connect_error', (error) => void this.refused(error as Error & { data?: unknown }));
    socket.on('message', (message) => this.message$.next(message));
    socket.on('message:updated', (message) => this.updated$.next(message));
    socket.on('receipt', (receipt) => this.receipt$.next(receipt));
    socket.on('conversation', (conversation) => this.conversation$.next(conversation));
    socket.on('invitation', (change) => this.invitation$.next(change));
    socket.on('typing', (typing) => this.typing$.next(typing));
    socket.on('presence', (presence) => this.presence$.next(presence));
    // It goes on as if there had been no cursor.
    socket.on('request:error', ({ code }) => code === 'cursor_invalid' && this.cursorLost$.next());
    socket.on('sync:done', (synced) => this.synced$.next(synced));
    this.watchPage(socket);
    this.auth.session$.subscribe((session) => {
      if (!session) socket.disconnect();
    });
  }

  /**
   * Not on the way of the first paint; and asked for until it comes, as the network may go right after that.
   */
  private async library(): Promise<typeof import('./library')> {
    for (;;) {
      try {
        return await import('./library');
      } catch {
        this.happened('refused');
        await breath(RETRY_SEEN);
      }
    }
  }

  /** Sends a request and gives its answer; fails at once while there is no connection. */
  request<E extends keyof Requests>(event: E, payload: Payload<E>): Promise<Answer<E>> {
    const socket = this.socket;
    if (!socket?.connected) return Promise.reject(new Failure(null));
    return new Promise((resolve, reject) => {
      const answered = (error: Error | null, reply?: Reply<Answer<E>>) => {
        this.happened(reply ? 'answered' : 'doubted');
        if (error || !reply) reject(new Failure(null));
        else if (reply.status === 'ok') resolve(reply.data);
        else reject(new Failure(reply.error));
      };
      // The library's types cannot follow a generic event name.
      (socket.timeout(ANSWER_WITHIN).emit as (...args: unknown[]) => void).call(
        socket.timeout(ANSWER_WITHIN),
        event,
        payload,
        answered,
      );
    });
  }

  private async refused(error: Error & { data?: unknown }): Promise<void> {
    const socket = this.socket;
    const problem: Problem | null = isProblem(error.data) ? error.data : null;
    if (problem?.code !== 'token_expired') this.happened('refused');
    // Without a problem it is the network: the library tries again by itself.
    if (!socket || socket.active || !problem) return;
    const { code, retryAfter } = problem;
    switch (code) {
      case 'token_expired':
        return this.auth.refresh(this.auth.token).then(
          () => void socket.connect(),
          () => this.later(socket),
        );
      case 'token_required':
      case 'token_invalid':
      case 'session_revoked':
        return this.auth.end(code);
      default:
        this.later(socket, retryAfter);
    }
  }

  /** Whom the server turned away does not come back with all the others. */
  private later(socket: Socket, retryAfter = 0): void {
    setTimeout(
      () => {
        if (this.auth.user && !socket.connected) socket.connect();
      },
      1_000 * retryAfter + backoff(this.refusals++),
    );
  }

  private happened(event: LineEvent, within = PROBE_WITHIN): void {
    const [line, task] = step(this.line, event);
    this.line = line;
    if (line.status !== this.status.value) this.status.next(line.status);
    if (task === 'probe') {
      this.socket
        ?.timeout(within)
        .emit('sync', {}, (silent: Error | null) => this.happened(silent ? 'silent' : 'answered'));
    } else if (task && this.auth.user) this.socket?.disconnect().connect();
  }

  /** A page that comes to the front, or a network that comes back, does not wait for the next attempt. */
  private watchPage(socket: Socket): void {
    const document = this.window.document;
    this.window.addEventListener('online', () => this.happened('resumed'));
    this.window.addEventListener('offline', () => this.happened('unplugged', UNPLUGGED_PROBE_WITHIN));
    document.addEventListener('visibilitychange', () => {
      const seen = document.visibilityState === 'visible';
      socket.io.reconnectionDelayMax(seen ? RETRY_SEEN : RETRY_HIDDEN);
      if (seen) this.happened('resumed');
    });
  }
}
