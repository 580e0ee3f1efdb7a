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
