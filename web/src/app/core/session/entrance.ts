import { inject, Service } from '@angular/core';

import type { Forgot, LoggedIn, Register, Registered, Reset, Verified } from '../../protocol/protocol';
import { patient } from '../http/patient';
import { request } from '../http/request';
import { AuthService } from './auth-service';
import { device } from './device';
import { storedSession } from './session';
import { SessionCare } from './session-care';
import { storeSession } from './store-session';
import { wipe } from './wipe';

/** The calls of somebody who is not logged in yet. */
@Service()
export class Entrance {
  private readonly auth = inject(AuthService);
  private readonly care = inject(SessionCare);

  register(body: Register): Promise<Registered> {
    return patient(() => request('POST', '/auth/register', { body }));
  }

  verify(username: string, otp: string): Promise<Verified> {
    return patient(() => request('POST', '/auth/verify', { body: { username, otp } }));
  }

  resend(username: string): Promise<void> {
    return patient(() => request('POST', '/auth/resend', { body: { username } }));
  }

  /** Asks for a code to set a new password; the answer does not say whether there is such an account. */
  forgot(body: Forgot): Promise<void> {
    return patient(() => request('POST', '/auth/forgot', { body }));
  }

  reset(body: Reset): Promise<void> {
    return patient(() => request('POST', '/auth/reset', { body }));
  }

  async login(username: string, password: string): Promise<void> {
    const body = { username, password, device: device() };
    const session = await patient(() => request<LoggedIn>('POST', '/auth/login', { body }));
    // Somebody logged in in another tab meanwhile; this one is on its way there.
    if (storedSession()) return this.care.tell(session);
    storeSession(session);
    this.auth.begin(session);
    // Of others, who were here before, nothing stays.
    void wipe();
  }
}
