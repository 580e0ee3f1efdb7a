/** So far to the right a finger goes to answer a message; the message goes a little further at most. */
const ENOUGH = 48;
const FURTHEST = 64;
/** A finger that moves this far shows where it goes. */
const SLACK = 10;
/** At the edges of the screen a swipe is the system's, as to go back. */
const EDGE = 24;
const BACK = 120;

/** What a double click or a swipe on means something by itself. */
const TAKEN = 'a, button, audio, video, input, .block';

/**
 * Answers a message that is clicked twice beside its words, or swiped to the right. What scrolls up and down
 * is the browser's: it takes the finger away, which ends the swipe.
 */
export function onReplyGestures(root: HTMLElement, reply: (message: Element) => void): void {
  root.addEventListener('dblclick', ({ target }) => {
    const message = messageAt(target, `${TAKEN}, .text`);
    if (!message) return;
    // The browser selects the word that is nearest.
    getSelection()?.removeAllRanges();
    reply(message);
  });

  let swipe: Swipe | null = null;
  root.addEventListener('pointerdown', (event) => {
    swipe = null;
    const { pointerType, isPrimary, clientX: x, clientY: y, target } = event;
    const message = messageAt(target, TAKEN);
    const inside = x > EDGE && x < innerWidth - EDGE;
    if (pointerType === 'touch' && isPrimary && inside && message) swipe = { message, x, y, by: 0 };
  });
  root.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (!swipe) return;
    const [right, down] = [clientX - swipe.x, Math.abs(clientY - swipe.y)];
    if (swipe.by === 0 && (down > SLACK || right < -SLACK)) swipe = null;
    else if (swipe.by > 0 || right > SLACK) move(swipe, Math.max(right, 1));
  });
  root.addEventListener('pointerup', () => {
    if (swipe && swipe.by >= ENOUGH) reply(swipe.message);
    swipe = back(swipe);
  });
  root.addEventListener('pointercancel', () => (swipe = back(swipe)));
}

interface Swipe {
  readonly message: HTMLElement;
  readonly x: number;
  readonly y: number;
  by: number;
}

function messageAt(target: EventTarget | null, taken: string): HTMLElement | null {
  const element = target as Element;
  return element.closest(taken) ? null : element.closest<HTMLElement>('.message');
}

const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

function move(swipe: Swipe, by: number): void {
  swipe.by = by;
  if (!still()) swipe.message.style.translate = `${Math.min(by, FURTHEST)}px`;
}

function back(swipe: Swipe | null): null {
  if (!swipe || swipe.by === 0 || still()) return null;
  const { style } = swipe.message;
  swipe.message.animate({ translate: [style.translate, '0px'] }, { duration: BACK, easing: 'ease-out' });
  style.translate = '';
  return null;
}
