import type { Browser } from '@playwright/test';

import { TASKS, tasksOf } from './trace.ts';

/**
 * Milliseconds of processor time that `work` takes on a machine of the targets: inferred, as
 * docs/decisions/0006 says.
 */
const REFERENCE = 50;

/**
 * Elements, styles, layout and short-lived objects, as a page that starts has them, without anything of
 * Aldis.
 */
function work(): number {
  const list = document.createElement('ol');
  for (let index = 0; index < 500; index++) {
    const [item, name, text] = ['li', 'b', 'p'].map((kind) => document.createElement(kind));
    name!.textContent = `Name ${index % 40}`;
    text!.textContent = 'The tide waits for nobody. '.repeat(index % 4);
    text!.className = `kind-${index % 7}`;
    item!.append(name!, text!);
    list.append(item!);
  }
  document.body.replaceChildren(list);
  const heights = Array.from(list.children, (item) => (item as HTMLElement).offsetHeight);
  const found = new Map(heights.map((height, index) => [`${height}:${index}`, { height, index }]));
  return [...found.values()].sort((a, b) => a.height - b.height || b.index - a.index).length;
}

/**
 * How many times slower this machine is just now than that of the targets; 1 where it is as fast or faster.
 */
export async function slowness(browser: Browser): Promise<number> {
  const took: number[] = [];
  for (let turn = 0; turn < 7; turn++) {
    const page = await browser.newPage();
    await page.setContent('<!doctype html><title>work</title>');
    await browser.startTracing(page, { categories: TASKS });
    await page.evaluate(work);
    const { tasks } = tasksOf(await browser.stopTracing());
    took.push(Math.max(...tasks.map(({ took }) => took)));
    await page.close();
  }
  const typical = took.sort((a, b) => a - b)[3]!;
  console.log(`the work of reference: ${typical.toFixed(0)} ms (${REFERENCE} on a machine of the targets)`);
  return Math.max(1, typical / REFERENCE);
}
