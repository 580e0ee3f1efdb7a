import { DOCUMENT, inject, Service } from '@angular/core';
import { BehaviorSubject, skip } from 'rxjs';

import { BASE } from '../base';
import { WebSocketService } from '../line/web-socket-service';

/** After the page itself has what it needs: the worker fetches all of the client once more. */
const LATER = 500;

/**
 * The worker that keeps the client on this machine, so that it opens without a network, and newer versions of
 * it. It is Angular's own; of its library, which would come with every first load, one message each way is
 * needed.
 */
@Service()
export class Versions {
  private readonly window = inject(DOCUMENT).defaultView!;
  private readonly ready = new BehaviorSubject(false);
  /** A newer version is here, for whoever loads the page anew. */
  readonly ready$ = this.ready.asObservable();

  constructor() {
    // Only in a secure context: over https, or on this machine.
    const workers = this.window.navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!workers) return;
    workers.addEventListener('message', ({ data }: MessageEvent<{ type?: string } | null>) => {
      if (data?.type === 'VERSION_READY' || data?.type === 'UNRECOVERABLE_STATE') this.ready.next(true);
    });
    // Without it, the client is as it would be in a browser that has no workers.
    setTimeout(() => void workers.register(`${BASE}/ngsw-worker.js`).catch(() => undefined), LATER);
    // A server that was away may have come back with another client.
    inject(WebSocketService)
      .status$.pipe(skip(1))
      .subscribe(
        (status) =>
          status === 'online' &&
          workers.controller?.postMessage({ action: 'CHECK_FOR_UPDATES', nonce: Date.now() }),
      );
  }
}
