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
