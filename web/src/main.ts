import { bootstrapApplication } from '@angular/platform-browser';

import { askEarly } from './app/core/api/early';
import { App } from './app/app';
import { config } from './app/config';
import { listenForOffer } from './app/core/app/install';
import { language } from './app/core/language/language';
import './app/shared';
import { breath } from './app/core/breath';

// Who was here before goes straight to the messenger: it loads while the frame starts.
if (askEarly()) void import('./app/features/shell/routes');

listenForOffer();

// `public/theme.js` says so where the browser is too old, rather than leaving half a page.
if (!('old' in document.documentElement.dataset))
  void breath()
    .then(async () => {
      if (language() !== 'en') await (await import('./app/core/language/translate')).translate();
    })
    .then(() => bootstrapApplication(App, config))
    .catch((error: unknown) => console.error(error));
