const FIRST = 500;
const LONGEST = 8_000;

/**
 * How long to wait before another try, by how many failed before it. Everybody who was turned away at the
 * same moment waits for another time, so that they do not come back as one.
 */
export function backoff(failed: number, random = Math.random()): number {
  return Math.min(FIRST * 2 ** failed, LONGEST) * (0.5 + random / 2);
}
