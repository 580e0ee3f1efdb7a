import type { LoggedIn } from '../protocol/protocol';

/** Where all tabs of this browser find who is logged in. */
export const SESSION = 'aldis:session';

export function storedSession(): LoggedIn | null {
  try {
    return JSON.parse(localStorage.getItem(SESSION) ?? 'null') as LoggedIn | null;
  } catch {
    return null;
  }
}
