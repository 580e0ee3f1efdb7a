import { effect, inject, type Signal, untracked } from '@angular/core';
import { Router } from '@angular/router';

import { linkToUser, sameUser } from '../../core/handle';

/**
 * Shows the address of a person in their own spelling, whatever was typed: every link to them then is this
 * page.
 */
export function canonicalAddress(
  typed: Signal<string | undefined>,
  username: Signal<string | undefined>,
): void {
  const router = inject(Router);
  effect(() => {
    const [from, to] = [typed(), username()];
    if (!to || from === to || !sameUser(from, to)) return;
    untracked(() => void router.navigateByUrl(linkToUser(to), { replaceUrl: true }));
  });
}
