import type { Routes } from '@angular/router';

import { breath } from './core/breath';
import { signedIn, signedOut } from './features/auth/guard';

async function messenger(): Promise<Routes> {
  const { routes } = await import('./features/shell/routes');
  await breath();
  return routes;
}

/**
 * What a visitor needs first is small; the messenger with its socket and stores comes as one part of its own.
 */
export const routes: Routes = [
  {
    path: 'login',
    title: 'Log in · Aldis',
    canActivate: [signedOut],
    loadComponent: () => import('./features/auth/login').then((m) => m.Login),
  },
  {
    path: 'register',
    title: 'Create an account · Aldis',
    canActivate: [signedOut],
    loadComponent: () => import('./features/auth/register').then((m) => m.Register),
  },
  {
    path: 'verify',
    title: 'Enter your code · Aldis',
    canActivate: [signedOut],
    loadComponent: () => import('./features/auth/verify').then((m) => m.Verify),
  },
  { path: '', canActivate: [signedIn], loadChildren: messenger },
];
