import type { Entry } from '../../data/messages/timeline';

/**
 * Whether messages came or went at the beginning and nowhere else: the list then keeps its place from the
 * end.
 */
export function shifted(before: readonly Entry[], now: readonly Entry[]): boolean {
  return (
    before.length > 0 &&
    now.length !== before.length &&
    now[0]?.key !== before[0]?.key &&
    now.at(-1)?.key === before.at(-1)?.key
  );
}

/** How many messages of others came behind the one that was the newest before. */
export function arrivedBehind(entries: readonly Entry[], newest: string | undefined): number {
  const index = newest === undefined ? -1 : entries.findLastIndex(({ key }) => key === newest);
  return index < 0 ? 0 : entries.slice(index + 1).filter(({ own }) => !own).length;
}

/** The seq of the last message at or before `index` that the server has; 0 where there is none. */
export function lastSeen(entries: readonly Entry[], index: number): number {
  for (let at = Math.min(index, entries.length - 1); at >= 0; at--) {
    const seq = entries[at]?.message?.seq;
    if (seq !== undefined) return seq;
  }
  return 0;
}
