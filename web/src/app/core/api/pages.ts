import type { Page } from '../../protocol/protocol';

/** Pages that are read for the first of what is looked for. */
const PAGES = 4;

/**
 * Reads on until something is found: the server looks at so much at once, so that a page may be empty and have a
 * next one. After a few of those it is for the person to go on.
 */
export async function readUntilFound<T>(
  read: (next: string | undefined) => Promise<Page<T>>,
  next?: string,
): Promise<Page<T>> {
  let page = await read(next);
  for (let count = 1; count < PAGES && page.items.length === 0 && page.next; count++)
    page = await read(page.next);
  return page;
}
