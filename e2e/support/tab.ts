import type { Engine, Step } from './engine.ts';

const PATIENCE = 15_000;

/** Where what a person presses or writes into is found, by what it is called. */
const CONTROLS = {
  button: 'button',
  link: 'a[href]',
  field: 'input:not([type=file]), textarea',
  item: '[role^=menuitem]',
  option: '[role=option]',
};

export type Control = keyof typeof CONTROLS;

/** The keys that WebDriver has names of its own for. */
const KEYS = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004', ArrowDown: '\uE015', ArrowUp: '\uE013' };
const CONTROL = '\uE009';

/** The tab of a browser that Playwright does not drive, used as a person does. */
export class Tab {
  constructor(private readonly engine: Engine) {}

  goto(url: string): Promise<void> {
    return this.engine.goto(url);
  }

  async value<T>(expression: string): Promise<T> {
    return (await this.engine.evaluate(expression)) as T;
  }

  /** Waits until an expression of the page is true, and gives its value. */
  async until<T>(expression: string, what = expression): Promise<T> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const value = await this.engine.evaluate(expression);
      if (value) return value as T;
      if (Date.now() > end)
        throw new Error(
          `${what} does not come; the page says:\n${await this.value('document.body.innerText')}`,
        );
      await new Promise((again) => setTimeout(again, 50));
    }
  }

  /** Waits until this stands on the page. */
  async sees(text: string): Promise<void> {
    await this.until(`document.body.innerText.includes(${JSON.stringify(text)})`, `“${text}”`);
  }

  /** Presses the middle of a control with the mouse, once it is there and nothing lies over it. */
  async press(control: Control, name: string): Promise<void> {
    const [x, y] = await this.until<[number, number]>(
      `(${place})(${JSON.stringify(CONTROLS[control])}, ${JSON.stringify(name)})`,
      `${control} “${name}”`,
    );
    await this.engine.pointer([
      { type: 'pointerMove', x, y },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ]);
  }

  /** Writes into a field, in place of what was in it. */
  async fill(name: string, text: string): Promise<void> {
    await this.press('field', name);
    await this.engine.keys([
      { type: 'keyDown', value: CONTROL },
      ...stroke('a'),
      { type: 'keyUp', value: CONTROL },
      ...[...text].flatMap(stroke),
    ]);
  }

  /** Presses a key, and not sooner than a person does: once what was typed before is on the screen. */
  async key(key: keyof typeof KEYS): Promise<void> {
    await this.value(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))',
    );
    await this.engine.keys(stroke(KEYS[key]));
  }

  choose(selector: string, path: string): Promise<void> {
    return this.engine.choose(selector, path);
  }

  end(): Promise<void> {
    return this.engine.end();
  }
}

function stroke(value: string): Step[] {
  return [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ];
}

/**
 * Runs in the page: the middle of the control of this name, or `null` where it cannot be pressed (yet). Not while it
 * moves, as a list does into which more comes.
 */
const place = `async (selector, name) => {
  const plain = (text) => (text ?? '').replace(/\\s+/g, ' ').trim();
  const called = (element) =>
    plain(element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent);
  const find = () => {
    const seen = [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
    return seen.find((one) => called(one) === name) ?? seen.find((one) => called(one).includes(name));
  };
  const middle = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return [Math.round(left + width / 2), Math.round(top + height / 2)];
  };
  const element = find();
  if (!element) return null;
  element.scrollIntoView({ block: 'nearest' });
  const before = middle(element);
  await new Promise((later) => setTimeout(later, 100));
  const [x, y] = middle(element);
  const rests = find() === element && before[0] === x && before[1] === y;
  return rests && element.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
}`;
