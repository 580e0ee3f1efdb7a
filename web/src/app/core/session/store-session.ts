import type { LoggedIn } from '../../protocol/protocol';
import { OWN } from '../base';
import { keysOf, local } from '../storage/storage';
import { SESSION } from './session';

/** Stores the session. Where there is no room drafts make some: what was typed can be typed again. */
export function storeSession(session: LoggedIn): void {
  const text = JSON.stringify(session);
  try {
    local.setItem(SESSION, text);
  } catch {
    for (const key of keysOf(local, `${OWN}draft:`)) local.removeItem(key);
    local.setItem(SESSION, text);
  }
}
