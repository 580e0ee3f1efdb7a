/** No command takes longer, in milliseconds. */
export const ANSWERS_WITHIN = 20_000;

/** One step of the W3C's WebDriver actions, as a key or the pointer makes it. */
export type Step =
  | { type: 'keyDown' | 'keyUp'; value: string }
  | { type: 'pointerMove'; x: number; y: number }
  | { type: 'pointerDown' | 'pointerUp'; button: number };

/** A browser that Playwright does not drive, with one tab, spoken to by WebDriver. */
export interface Engine {
  goto(url: string): Promise<void>;
  /** The value of an expression of the page; a promise is awaited. It goes through JSON. */
  evaluate(expression: string): Promise<unknown>;
  keys(steps: Step[]): Promise<void>;
  pointer(steps: Step[]): Promise<void>;
  /** Chooses a file of this machine for the first field of the page that takes files. */
  choose(selector: string, path: string): Promise<void>;
  /** Ends the browser and removes its profile. */
  end(): Promise<void>;
}
