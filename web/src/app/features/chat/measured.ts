/** Without a frame for so long, lines are shown as they are. */
const FRAMELESS = 250;

/**
 * In the first frame lines are measured, in the second they are placed. A browser that is busy, or takes the
 * page for covered, may give no frames for seconds: then nobody sees lines jump either.
 */
export function onceMeasured(then: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(then));
  setTimeout(then, FRAMELESS);
}
