import { rightToLeft } from './direction';

/** Where a menu opens: beside what it belongs to, or where the pointer was. */
export interface Anchor {
  readonly x: number;
  readonly y: number;
}

/** The lower corner of an element at which its lines begin: its menu hangs there. */
export function below(element: Element): Anchor {
  const { left, right, bottom } = element.getBoundingClientRect();
  return { x: rightToLeft() ? right : left, y: bottom };
}

/** Kept free between what hangs somewhere and the edge of the window. */
const EDGE = 8;

/** Puts an element there, or as near as it is inside the window. */
export function placeAt({ offsetWidth, offsetHeight, style }: HTMLElement, { x, y }: Anchor): void {
  const within = (at: number, size: number, room: number) =>
    `${Math.max(EDGE, Math.min(at, room - size - EDGE))}px`;
  style.left = within(rightToLeft() ? x - offsetWidth : x, offsetWidth, innerWidth);
  style.top = within(y, offsetHeight, innerHeight);
}
