import type { AuthSettings } from '../../protocol/protocol';
import { Failure } from '../http/problem';
import { request } from '../http/request';

/** An older server, which does not say. */
const OLDER: AuthSettings = { registration: 'open', otp: 'fixed', emailRequired: false, providers: [] };

let asked: Promise<AuthSettings | null> | null = null;

/** Asks the server once a page; null where it could not be asked, and then the next one asks again. */
export function serverSettings(): Promise<AuthSettings | null> {
  return (asked ??= request<AuthSettings>('GET', '/auth/settings').catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'not_found') return OLDER;
    asked = null;
    return null;
  }));
}
