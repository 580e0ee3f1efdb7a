import { DOCUMENT, inject, Injector, Service } from '@angular/core';
import { BehaviorSubject, map } from 'rxjs';

import type { LoggedIn, User } from '../../protocol/protocol';
import { BASE } from '../base';
import { breath } from '../breath';
import { sameUser } from '../handle';
import { Failure } from '../http/problem';
import { local, tab } from '../storage/storage';
import { type Ending, NOTICE, type PageSession, SESSION, storedSession } from './session';
import type { SessionCare } from './session-care';

/** A tab that does not let go of its database, or a server that is silent, keeps nobody logged in. */
const LEAVE_WITHIN = 1_000;
/** Whoever comes back this long after the token expired may have been away for too long. */
const LONG = 24 * 3_600_000;

/**
 * Who is logged in on this browser. All tabs share one session through the local storage; a page that loses
 * it loads anew, so that nothing of one person stays in memory for the next.
 */
@Service()
export class AuthService implements PageSession {
  private readonly window = inject(DOCUMENT).defaultView!;
  private readonly injector = inject(Injector);
  private readonly session = new BehaviorSubject<LoggedIn | null>(storedSession());
  readonly session$ = this.session.asObservable();
  readonly user$ = this.session$.pipe(map((session) => session?.user ?? null));
  /** This page lost its session, and is on its way to another. */
  private over = false;

  constructor() {
    this.window.addEventListener('storage', ({ key, newValue }) => {
      // The tab that ends the session says why before it does.
      if (key === NOTICE && newValue && this.user) tab.setItem(NOTICE, newValue);
      else if (key === SESSION || key === null) this.adopt(storedSession());
    });
    // A page that the browser kept as it was, and shows again after “Back”.
    this.window.addEventListener('pageshow', ({ persisted }) => persisted && this.adopt(storedSession()));
  }

  get user(): User | null {
    return this.session.value?.user ?? null;
  }

  get token(): string {
    return this.session.value?.token ?? '';
  }

  /** A session that begins on this page. */
  begin(session: LoggedIn): void {
    this.session.next(session);
  }

  /** A new access token in place of `stale`. */
  refresh(stale: string): Promise<string> {
    return this.care((care) => care.refresh(this, stale));
  }

  /** What the server says of the person now; all tabs hear it. */
  know(user: User): Promise<void> {
    return this.care((care) => care.know(this, user));
  }

  /**
   * Here first, and at once: the server is told meanwhile, and an answer that does not come keeps nobody
   * here.
   */
  logout(): Promise<void> {
    return this.end('logged-out');
  }

  /** The session is over: nothing of it stays in this browser, and it starts again at the login page. */
  async end(why: Ending): Promise<void> {
    const session = this.session.value;
    if (!session) return;
    const away = why === 'session_revoked' && Date.parse(session.expiresAt) + LONG < Date.now();
    for (const area of [tab, local]) area.setItem(NOTICE, away ? 'away' : why);
    local.removeItem(NOTICE);
    local.removeItem(SESSION);
    this.over = true;
    this.session.next(null);
    // The login page removes what is left after that.
    const left = this.care((care) => care.leave(session, why === 'logged-out')).catch(() => undefined);
    await Promise.race([left, breath(LEAVE_WITHIN)]);
    this.window.location.replace(BASE + '/login');
  }

  /**
   * What is stored now, by whichever tab; the page of one person never goes on with the session of another.
   */
  adopt(session: LoggedIn | null): void {
    const [before, now] = [this.user?.username, session?.user.username];
    if (!this.over && (before === now || sameUser(before, now))) {
      if (session) this.session.next(session);
      return;
    }
    this.over = true;
    this.session.next(null);
    this.window.location.replace(BASE + (session ? '/' : '/login'));
  }

  private async care<T>(use: (care: SessionCare) => Promise<T>): Promise<T> {
    const { SessionCare } = await import('./session-care').catch(() => {
      throw new Failure(null);
    });
    return use(this.injector.get(SessionCare));
  }
}
