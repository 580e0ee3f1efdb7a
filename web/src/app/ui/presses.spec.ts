import type { DestroyRef } from '@angular/core';
import { describe, expect, it } from 'vitest';

import { Presses } from './presses';

/** Presses whose work ends when the test says so. */
function held(form?: DestroyRef) {
  const presses = new Presses(form);
  const begun: string[] = [];
  const ends: ((settled: boolean) => void)[] = [];
  const press = (what: string) =>
    presses.press(what, () => {
      begun.push(what);
      return new Promise<boolean>((resolve) => ends.push(resolve));
    });
  const end = async (settled = false) => {
    ends.shift()!(settled);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { presses, begun, press, end };
}

describe('a press during the work', () => {
  it('is forgotten with the form, and when it is taken back', async () => {
    for (const how of ['closed', 'taken back']) {
      const closed: (() => void)[] = [];
      const form = { onDestroy: (callback: () => void) => closed.push(callback) } as never;
      const { presses, begun, press, end } = held(form);
      press('a');
      press('b');
      if (how === 'closed') closed[0]!();
      else presses.forget();
      await end();
      expect(begun).toEqual(['a']);
    }
  });

  it('is the same press if it means the same', async () => {
    const { presses, begun, press, end } = held();
    press('on');
    press('on');
    await end();
    expect(begun).toEqual(['on']);
    expect(presses.busy()).toBe(false);
  });

  it('follows if it means something else, the last one only', async () => {
    const { presses, begun, press, end } = held();
    press('a');
    press('b');
    press('c');
    expect(presses.followed).toBe(true);
    await end();
    expect(begun).toEqual(['a', 'c']);
    expect(presses.busy()).toBe(true);
    await end();
    expect(presses.busy()).toBe(false);
  });

  it('is taken back by one that means what is under way', async () => {
    const { begun, press, end } = held();
    press('on');
    press('off');
    press('on');
    await end();
    expect(begun).toEqual(['on']);
  });

  it('does not follow what settles it', async () => {
    const { presses, begun, press, end } = held();
    press('a');
    press('b');
    await end(true);
    expect(begun).toEqual(['a']);
    press('b');
    expect(begun).toEqual(['a', 'b']);
    expect(presses.busy()).toBe(true);
  });
});
