/**
 * The path of the host that everything lies under, as the server writes it into the page: `/chat`. It is
 * empty where the host is the server's own.
 */
export const BASE = document.documentElement.dataset['base'] ?? '';

/**
 * How the names of all begin that this browser keeps, or that its tabs share: each server of a host has its
 * own.
 */
export const OWN = `aldis${BASE}:`;

/** The databases of a person: of what the server has, too, and of what was not sent. No username has a colon. */
export function databasesOf(username: string): { cache: string; outbox: string } {
  return { cache: OWN + username, outbox: `${OWN}${username}:outbox` };
}
