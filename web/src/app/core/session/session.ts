import type { Code, LoggedIn } from '../../protocol/protocol';
import { OWN } from '../base';
import { local } from '../storage/storage';

/** Where all tabs of this browser find who is logged in. */
export const SESSION = `${OWN}session`;

/** Where the login page finds why a session ended. */
export const NOTICE = `${OWN}notice`;

/**
 * Why somebody is on the login page: they logged out, deleted their account, were away for long, or what the
 * server said of the session.
 */
export type Ending = 'logged-out' | 'deleted' | 'away' | Code | 'unreachable';

/** The session as this page has it. */
export interface PageSession {
  readonly token: string;
  /** Goes on with what is stored now. */
  adopt(session: LoggedIn | null): void;
  end(why: Ending): Promise<void>;
}

export function storedSession(): LoggedIn | null {
  try {
    return JSON.parse(local.getItem(SESSION) ?? 'null') as LoggedIn | null;
  } catch {
    return null;
  }
}
