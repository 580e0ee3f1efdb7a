import { bootstrapApplication } from '@angular/platform-browser';

import { askEarly } from './app/api/early';
import { App } from './app/app';
import { config } from './app/config';
import { listenForOffer } from './app/install';
import './app/shared';
import { breath } from './app/ui/breath';

// Who was here before goes straight to the messenger: it loads while the frame starts.
if (askEarly()) void import('./app/shell/routes');

listenForOffer();

breath()
  .then(() => bootstrapApplication(App, config))
  .catch((error: unknown) => console.error(error));
