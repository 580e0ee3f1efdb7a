/**
 * Ends the present task and goes on in the next one, so that between the parts of starting up the browser can
 * paint and answer the person: a slow machine is never blocked for long.
 */
export function breath(milliseconds = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
