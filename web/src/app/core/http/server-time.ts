/** Less is how long an answer was on its way, and that it tells whole seconds. */
const CLOSE = 5_000;

let ahead = 0;

/** What time it is for the server, whose clock decides: the one of this device may be hours off. In milliseconds. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** The time that an answer tells. */
export function hear({ headers }: Response): void {
  const told = Date.parse(headers.get('date') ?? '') - Date.now();
  if (!Number.isNaN(told)) ahead = Math.abs(told) < CLOSE ? 0 : told;
}
