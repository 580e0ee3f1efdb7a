import { inject } from '@angular/core';
import type { Routes } from '@angular/router';

import { breath } from './core/breath';
import { AuthService } from './core/session/auth-service';

async function messenger(): Promise<Routes> {
  const { routes } = await import('./features/shell/routes');
  await breath();
  return routes;
}

/**
 * Who is logged in sees the messenger with its socket and stores, and everybody else the forms of a visitor: two
 * parts, each with the addresses it knows.
 */
export const routes: Routes = [
  { path: '', canMatch: [() => !!inject(AuthService).user], loadChildren: messenger },
  { path: '', loadChildren: () => import('./features/auth/routes').then((m) => m.routes) },
];
