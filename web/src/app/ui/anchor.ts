/** Where a menu opens: beside what it belongs to, or where the pointer was. */
export interface Anchor {
  readonly x: number;
  readonly y: number;
}

/** The lower end of an element, where its menu hangs. */
export function below(element: Element): Anchor {
  const { left, bottom } = element.getBoundingClientRect();
  return { x: left, y: bottom };
}
