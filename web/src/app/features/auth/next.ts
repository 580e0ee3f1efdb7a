/** Where to go after the log-in: a path of this site only, never somebody else's address. */
export function pathAfter(next: string | undefined): string {
  return next && /^\/[^/\\]/.test(next) ? next : '/';
}
