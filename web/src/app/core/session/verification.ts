import { Service } from '@angular/core';

import { OWN } from '../base';
import { sameUser } from '../handle';
import { tab } from '../storage/storage';

/** A registration that waits for its code. */
export interface Waiting {
  username: string;
  channel: string;
  email: string;
  /** Only as long as the page lives, to log in without asking again. */
  password?: string;
}

const KEY = `${OWN}verify`;

/**
 * What the code page must know of the registration before it; it survives a reload, the password does not.
 */
@Service()
export class Verification {
  private waiting: Waiting | null = null;

  begin(waiting: Waiting): void {
    this.waiting = waiting;
    const { username, channel, email } = waiting;
    tab.setItem(KEY, JSON.stringify({ username, channel, email }));
  }

  of(username: string): Waiting | null {
    this.waiting ??= JSON.parse(tab.getItem(KEY) ?? 'null') as Waiting | null;
    return sameUser(this.waiting?.username, username) ? this.waiting : null;
  }

  done(): void {
    this.waiting = null;
    tab.removeItem(KEY);
  }
}
