import { Service } from '@angular/core';

import type { LoggedIn, User } from '../../protocol/protocol';
import { OWN } from '../base';
import { breath } from '../breath';
import { sameUser } from '../handle';
import { patient } from '../http/patient';
import { Failure } from '../http/problem';
import { request } from '../http/request';
import { locked } from '../storage/locked';
import { type PageSession, storedSession } from './session';
import { storeSession } from './store-session';
import { wipe } from './wipe';

/** The lock of the tab that refreshes. */
const REFRESH = `${OWN}refresh`;
const REFRESH_TRIES = 3;

/**
 * What a session needs now and then: new tokens, and a good end. Loaded behind the page, to be here when it
 * is wanted.
 */
@Service()
export class SessionCare {
  /**
   * A new access token in place of `stale`. A refresh token works once, so one tab refreshes while the others
   * wait and then find its result.
   */
  refresh(page: PageSession, stale: string): Promise<string> {
    return locked(REFRESH, async () => {
      const session = storedSession();
      if (!session) throw new Failure(null);
      if (session.token !== stale) return this.goOn(page, session);
      try {
        const next = await this.exchange(session);
        // Whoever logged out meanwhile stays so.
        if (storedSession()?.refreshToken === session.refreshToken) storeSession(next);
        return this.goOn(page, storedSession());
      } catch (error) {
        if (!(error instanceof Failure) || error.retryable) throw error;
        // Where the browser has no locks another tab may have been first.
        const now = storedSession();
        if (now && now.refreshToken !== session.refreshToken) return this.goOn(page, now);
        void page.end(error.code);
        throw error;
      }
    });
  }

  /** What the server says of the person now; all tabs hear it. */
  know(page: PageSession, user: User): Promise<void> {
    // The refresh token beside it works once: none that was used meanwhile may be written back.
    return locked(REFRESH, () => {
      const session = storedSession();
      if (session && sameUser(session.user.username, user.username)) {
        storeSession({ ...session, user });
        page.adopt({ ...session, user });
      }
      return Promise.resolve();
    });
  }

  /** Nothing stays in this browser; the server is told of what it does not know. */
  async leave(session: LoggedIn, tell: boolean): Promise<void> {
    await Promise.allSettled([wipe(session.user.username), ...(tell ? [this.tell(session)] : [])]);
  }

  /** Unheard, the session ends by itself in time. */
  async tell(session: LoggedIn): Promise<void> {
    const logout = ({ token }: LoggedIn) => request('POST', '/auth/logout', { token, keepalive: true });
    try {
      await logout(session);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'token_expired') return;
      await this.exchange(session)
        .then(logout)
        .catch(() => undefined);
    }
  }

  /**
   * The next tokens. An answer that was lost is asked for again: for a while the server gives the same one.
   */
  private async exchange({ refreshToken }: LoggedIn): Promise<LoggedIn> {
    for (let turn = 1; ; turn++) {
      try {
        return await patient(() => request<LoggedIn>('POST', '/auth/refresh', { body: { refreshToken } }));
      } catch (error) {
        if (turn === REFRESH_TRIES || !(error instanceof Failure) || error.problem) throw error;
        await breath(turn * 500);
      }
    }
  }

  private goOn(page: PageSession, session: LoggedIn | null): string {
    page.adopt(session);
    if (!page.token) throw new Failure(null);
    return page.token;
  }
}
