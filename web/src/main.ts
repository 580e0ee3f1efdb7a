import { bootstrapApplication } from '@angular/platform-browser';

import { askEarly } from './app/core/api/early';
import { App } from './app/app';
import { config } from './app/config';
import { listenForOffer } from './app/core/app/install';
import { BASE } from './app/core/base';
import { tellByCode } from './app/core/http/problem';
import { language, speakEnglish } from './app/core/language/language';
import './app/shared';
import { breath } from './app/core/breath';

/** Nothing is shown before it is in its language; to be read in English is better than not to be read. */
async function speak(): Promise<void> {
  if (language() === 'en') return;
  try {
    const { translate } = await import('./app/core/language/translate');
    tellByCode(await translate(`${BASE}/locale/${language()}.json`));
  } catch {
    speakEnglish();
  }
}

// Who was here before goes straight to the messenger: it loads while the frame starts.
if (askEarly()) void import('./app/features/shell/routes');

listenForOffer();

// `public/theme.js` says so where the browser is too old, rather than leaving half a page.
if (!('old' in document.documentElement.dataset))
  void breath()
    .then(speak)
    .then(() => bootstrapApplication(App, config))
    .catch((error: unknown) => console.error(error));
