import { Failure } from '../http/problem';
import { request } from '../http/request';

/** What a page must know of the server before anybody is logged in. */
export interface ServerSettings {
  /** Who may register. */
  readonly registration: 'open' | 'invite' | 'closed';
  /** How codes are sent: `fixed` is for development, `log` the server's own log. */
  readonly otp: 'fixed' | 'log' | 'email' | 'webhook';
  readonly emailRequired: boolean;
}

/** An older server, which does not say. */
const OLDER: ServerSettings = { registration: 'open', otp: 'fixed', emailRequired: false };

let asked: Promise<ServerSettings | null> | null = null;

/** Asks the server once a page; null where it could not be asked, and then the next one asks again. */
export function serverSettings(): Promise<ServerSettings | null> {
  return (asked ??= request<ServerSettings>('GET', '/auth/settings').catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'not_found') return OLDER;
    asked = null;
    return null;
  }));
}
