import { APP_BASE_HREF } from '@angular/common';
import { type ApplicationConfig, ErrorHandler, provideBrowserGlobalErrorListeners } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { provideRouter, withComponentInputBinding, withRouterConfig } from '@angular/router';

import { LoadErrors } from './core/app/load-errors';
import { BASE } from './core/base';
import { CountedTitle } from './data/notifications/counted-title';
import { routes } from './routes';

export const config: ApplicationConfig = {
  providers: [
    provideBrowserGlobalErrorListeners(),
    // A page that Back does not leave keeps its place in the history.
    provideRouter(
      routes,
      withComponentInputBinding(),
      withRouterConfig({ canceledNavigationResolution: 'computed' }),
    ),
    { provide: ErrorHandler, useClass: LoadErrors },
    { provide: Title, useClass: CountedTitle },
    // In place of a <base> element, which the page's policy forbids.
    { provide: APP_BASE_HREF, useValue: `${BASE}/` },
  ],
};
