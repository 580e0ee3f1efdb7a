import type { LoggedIn } from '../protocol/protocol';
import { local } from '../store/storage';

/** Where all tabs of this browser find who is logged in. */
export const SESSION = 'aldis:session';

/** Where the login page finds why a session ended. */
export const NOTICE = 'aldis:notice';

export function storedSession(): LoggedIn | null {
  try {
    return JSON.parse(local.getItem(SESSION) ?? 'null') as LoggedIn | null;
  } catch {
    return null;
  }
}
