import type { Routes } from '@angular/router';

import { signedIn, signedOut } from './auth/guard';
import { breath } from './ui/breath';

async function messenger(): Promise<Routes> {
  const { routes } = await import('./shell/routes');
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
    loadComponent: () => import('./auth/login').then((m) => m.Login),
  },
  {
    path: 'register',
    title: 'Create an account · Aldis',
    canActivate: [signedOut],
    loadComponent: () => import('./auth/register').then((m) => m.Register),
  },
  {
    path: 'verify',
    title: 'Enter your code · Aldis',
    canActivate: [signedOut],
    loadComponent: () => import('./auth/verify').then((m) => m.Verify),
  },
  { path: '', canActivate: [signedIn], loadChildren: messenger },
];
