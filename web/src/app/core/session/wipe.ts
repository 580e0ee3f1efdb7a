import { databasesOf, OWN } from '../base';
import { keysOf, local } from '../storage/storage';
import { SESSION, storedSession } from './session';

/** How the client looks and which key sends belong to the browser, not to an account. */
const OF_THE_BROWSER = [SESSION, `${OWN}theme`, `${OWN}text`, `${OWN}send`];

/**
 * Removes what this browser keeps of people, but for whoever is logged in: messages and what was not sent,
 * drafts, pictures, notifications. `username` is whose is known to be here, for browsers that do not list
 * their databases.
 */
export async function wipe(username?: string): Promise<void> {
  const kept = storedSession()?.user.username;
  const own = Object.values(databasesOf(kept ?? ''));
  const others = (name = '') => name.startsWith(OWN) && (!kept || !own.includes(name));
  for (const key of keysOf(local, OWN)) {
    if (!OF_THE_BROWSER.includes(key) && !(kept && key.includes(`:${kept}:`))) local.removeItem(key);
  }
  await Promise.allSettled([
    databases(others, username),
    pictures(others),
    ...(kept ? [] : [notifications()]),
  ]);
}

async function databases(others: (name?: string) => boolean, username?: string): Promise<void> {
  const listed = (await indexedDB.databases?.().catch(() => [])) ?? [];
  const known = username ? Object.values(databasesOf(username)) : [];
  const names = new Set([...listed.map(({ name }) => name ?? ''), ...known]);
  await Promise.all([...names].filter(others).map(remove));
}

/** Done once it is gone; a tab that does not let go of it delays that. */
function remove(name: string): Promise<void> {
  return new Promise((done) => {
    const removing = indexedDB.deleteDatabase(name);
    removing.onsuccess = removing.onerror = () => done();
  });
}

async function pictures(others: (name?: string) => boolean): Promise<void> {
  // There in a secure context only: over https, or on this machine.
  if (!('caches' in globalThis)) return;
  const names = await caches.keys();
  await Promise.all(names.filter(others).map((name) => caches.delete(name)));
}

async function notifications(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  for (const notification of (await registration?.getNotifications()) ?? []) notification.close();
}
