import { Service, signal } from '@angular/core';

import { breath } from '../breath';
import type { findLinks, Link } from './links';

const NONE: readonly Link[] = [];
/** Where it could not be loaded. */
const AGAIN = 10_000;
/** Whether a text may have a link at all: a scheme, or a name with a dot in it. */
const MAY_HAVE = /:\/\/|mailto:|[\p{L}\p{N}]\.[\p{L}\p{N}-]{2}/iu;

/**
 * The links of texts. What finds them is loaded once a text looks as if it had one: until then, and where it
 * cannot be loaded, the text is shown without. A link takes the place of its text, so nothing moves when it
 * comes.
 */
@Service()
export class LinkFinder {
  private readonly find = signal<typeof findLinks | null>(null);
  private loading = false;

  /** Reads a signal: whoever computes with it computes again once links can be found. */
  of(text: string): readonly Link[] {
    if (!MAY_HAVE.test(text)) return NONE;
    const find = this.find();
    if (!find) void this.load();
    return find?.(text) ?? NONE;
  }

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    try {
      const { findLinks } = await import('./links');
      this.find.set(findLinks);
    } catch {
      // Without a network. What is shown meanwhile becomes links once it is there.
      await breath(AGAIN);
      this.loading = false;
      return this.load();
    }
  }
}
