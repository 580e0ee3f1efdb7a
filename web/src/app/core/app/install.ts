import { signal } from '@angular/core';

/** What Chromium tells once it would install the client; the types of the DOM do not know it. */
interface InstallEvent extends Event {
  prompt(): Promise<unknown>;
}

const state = signal<InstallEvent | null>(null);

/**
 * The offer to install the client, where there is one. It may come before anything of the messenger has
 * loaded.
 */
export const offer = state.asReadonly();

export function listenForOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    // Said in the menu, not over the page.
    event.preventDefault();
    state.set(event as InstallEvent);
  });
  addEventListener('appinstalled', () => state.set(null));
}

/** Asks the person; an offer is good for one question. */
export function install(): void {
  void state()?.prompt();
  state.set(null);
}
