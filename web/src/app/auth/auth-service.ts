import { DOCUMENT, inject, Service } from '@angular/core';
import { BehaviorSubject, map } from 'rxjs';

import { Failure } from '../api/problem';
import { request } from '../api/request';
import { sameUser } from '../people/handle';
import type { LoggedIn, Register, Registered, User, Verified } from '../protocol/protocol';
import { locked } from '../store/locked';
import { device } from './device';
import { SESSION, storedSession } from './session';

/** Why somebody is on the login page who did not ask for it. */
export type Ending = 'logged-out' | 'ended';

const NOTICE = 'aldis:notice';

/**
 * Who is logged in on this browser. All tabs share one session through the local storage; a page that loses it
 * loads anew, so that nothing of one person stays in memory for the next.
 */
@Service()
export class AuthService {
  private readonly window = inject(DOCUMENT).defaultView!;
  private readonly session = new BehaviorSubject<LoggedIn | null>(storedSession());
  readonly session$ = this.session.asObservable();
  readonly user$ = this.session$.pipe(map((session) => session?.user ?? null));

  constructor() {
    this.window.addEventListener('storage', (event) => {
      if (event.key === SESSION || event.key === null) this.adopt(storedSession());
    });
  }

  get user(): User | null {
    return this.session.value?.user ?? null;
  }

  get token(): string {
    return this.session.value?.token ?? '';
  }

  register(body: Register): Promise<Registered> {
    return request('POST', '/auth/register', { body });
  }

  verify(username: string, otp: string): Promise<Verified> {
    return request('POST', '/auth/verify', { body: { username, otp } });
  }

  resend(username: string): Promise<void> {
    return request('POST', '/auth/resend', { body: { username } });
  }

  async login(username: string, password: string): Promise<void> {
    this.keep(await request<LoggedIn>('POST', '/auth/login', { body: { username, password, device: device() } }));
  }

  /** `last` is done once nothing more can be asked in this person's name. */
  async logout(last?: () => Promise<void>): Promise<void> {
    const stale = this.token;
    const tell = (token: string) => request('POST', '/auth/logout', { token });
    try {
      await tell(stale).catch(async (error: unknown) => {
        if (error instanceof Failure && error.code === 'token_expired') await tell(await this.refresh(stale));
      });
    } catch {
      // The person leaves whether the server hears of it or not; unheard, the session ends by itself in time.
    }
    await last?.();
    this.end('logged-out');
  }

  /**
   * A new access token in place of `stale`. A refresh token works once, so one tab refreshes while the others
   * wait and then find its result.
   */
  refresh(stale: string): Promise<string> {
    return locked('aldis:refresh', async () => {
      const session = storedSession();
      if (!session) throw new Failure(null);
      if (session.token !== stale) {
        this.adopt(session);
        return session.token;
      }
      try {
        this.keep(await request<LoggedIn>('POST', '/auth/refresh', { body: { refreshToken: session.refreshToken } }));
      } catch (error) {
        if (error instanceof Failure && error.problem && !error.retryable) this.end('ended');
        throw error;
      }
      return this.token;
    });
  }

  /** What the server says of the person now; all tabs hear it. */
  know(user: User): Promise<void> {
    // The refresh token beside it works once: none that was used meanwhile may be written back.
    return locked('aldis:refresh', () => {
      const session = storedSession();
      if (session && sameUser(session.user.username, user.username)) this.keep({ ...session, user });
      return Promise.resolve();
    });
  }

  /** Forgets the session and starts again at the login page. */
  end(why: Ending): void {
    localStorage.removeItem(SESSION);
    sessionStorage.setItem(NOTICE, why);
    this.adopt(null);
  }

  /** Why the last session ended; told once. */
  takeNotice(): Ending | null {
    const why = sessionStorage.getItem(NOTICE);
    sessionStorage.removeItem(NOTICE);
    return why as Ending | null;
  }

  private keep(session: LoggedIn): void {
    localStorage.setItem(SESSION, JSON.stringify(session));
    this.adopt(session);
  }

  private adopt(session: LoggedIn | null): void {
    const before = this.session.value?.user.username;
    this.session.next(session);
    if (before !== undefined && before !== session?.user.username) this.window.location.assign(session ? '/' : '/login');
  }
}
