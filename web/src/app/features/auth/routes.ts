import { inject } from '@angular/core';
import { type CanActivateFn, Router, type Routes } from '@angular/router';

import { Login } from './login';

function titled(title: string): string {
  return `${title} · Aldis`;
}

/** Whoever opens a page of the messenger comes back to it after the log-in. */
const toLogin: CanActivateFn = (_route, { url }) =>
  inject(Router).createUrlTree(['/login'], { queryParams: url === '/' ? {} : { next: url } });

export const routes: Routes = [
  { path: 'login', title: () => titled($localize`Log in`), component: Login },
  {
    path: 'register',
    title: () => titled($localize`Create an account`),
    loadComponent: () => import('./register').then((m) => m.Register),
  },
  {
    path: 'join/:invite',
    redirectTo: ({ params }) =>
      inject(Router).createUrlTree(['/register'], { queryParams: { invite: params['invite'] as string } }),
  },
  {
    path: 'verify',
    title: () => titled($localize`Enter your code`),
    loadComponent: () => import('./verify').then((m) => m.Verify),
  },
  {
    path: 'forgot',
    title: () => titled($localize`Set a new password`),
    loadComponent: () => import('./forgot').then((m) => m.Forgot),
  },
  { path: '**', canActivate: [toLogin], children: [] },
];
