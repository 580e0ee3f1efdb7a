import type { Anchor } from './anchor';

const HELD_FOR = 500;
/** A finger is never quite still. */
const SLACK = 10;

/**
 * Hears a finger that rests on something inside `root`, for browsers that do not take that for a context
 * menu. Its listeners are the page's own: none of the many moves of a pointer is a reason to look at the
 * view.
 */
export function onLongPress(root: HTMLElement, held: (on: Element, at: Anchor) => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let start: Anchor = { x: 0, y: 0 };
  const end = () => clearTimeout(timer);
  root.addEventListener('pointerdown', ({ pointerType, target, clientX: x, clientY: y }) => {
    end();
    if (pointerType !== 'touch') return;
    start = { x, y };
    timer = setTimeout(() => held(target as Element, start), HELD_FOR);
  });
  root.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (Math.hypot(clientX - start.x, clientY - start.y) > SLACK) end();
  });
  for (const name of ['pointerup', 'pointercancel']) root.addEventListener(name, end);
}
