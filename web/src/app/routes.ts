import type { Routes } from '@angular/router';

import { breath } from './core/breath';
import { signedIn, signedOut } from './features/auth/guard';

async function messenger(): Promise<Routes> {
  const { routes } = await import('./features/shell/routes');
  await breath();
  return routes;
}

function titled(title: string): string {
  return `${title} · Aldis`;
}

/**
 * What a visitor needs first is small; the messenger with its socket and stores comes as one part of its own.
 */
export const routes: Routes = [
  {
    path: 'login',
    title: () => titled($localize`Log in`),
    canActivate: [signedOut],
    loadComponent: () => import('./features/auth/login').then((m) => m.Login),
  },
  {
    path: 'register',
    title: () => titled($localize`Create an account`),
    canActivate: [signedOut],
    loadComponent: () => import('./features/auth/register').then((m) => m.Register),
  },
  {
    path: 'verify',
    title: () => titled($localize`Enter your code`),
    canActivate: [signedOut],
    loadComponent: () => import('./features/auth/verify').then((m) => m.Verify),
  },
  { path: '', canActivate: [signedIn], loadChildren: messenger },
];
