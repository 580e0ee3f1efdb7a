import { inject } from '@angular/core';
import { type CanActivateFn, Router } from '@angular/router';

import { AuthService } from '../../core/session/auth-service';

/** Only for those who are logged in; the others come back here after the login. */
export const signedIn: CanActivateFn = (_route, { url }) =>
  inject(AuthService).user
    ? true
    : inject(Router).createUrlTree(['/login'], { queryParams: url === '/' ? {} : { next: url } });

export const signedOut: CanActivateFn = () =>
  inject(AuthService).user ? inject(Router).createUrlTree(['/']) : true;
