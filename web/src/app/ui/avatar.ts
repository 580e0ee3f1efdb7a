import { Component, computed, effect, inject, InjectionToken, input, signal, untracked } from '@angular/core';

import { initials } from '../core/format/text';
import { handleOf } from '../core/handle';

const HUES = 12;

/** Where pictures of people and groups come from: `data/people/faces.ts`. Before the log-in there are none. */
export interface Pictures {
  of(username: string, large: boolean): string | undefined;
  load(url: string): Promise<string>;
}
export const PICTURES = new InjectionToken<Pictures>('pictures of people');

/**
 * Which of the colours for people is theirs: the same on every device. FNV-1a with the end of MurmurHash3,
 * which are free of rights: names that differ in one letter are far apart.
 */
export function hueOf(username: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(handleOf(username))) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) % HUES) + 1;
}

/**
 * The picture of a person or a group, else initials on a colour of their own; a group's is a softened square.
 * The name stands beside it.
 */
@Component({
  selector: 'aldis-avatar',
  template: '@if (address(); as address) {<img [src]="address" alt="" />} @else {{{ letters() }}}',
  host: { 'aria-hidden': 'true', '[attr.data-person]': 'person()', '[class.group]': 'group()' },
})
export class Avatar {
  private readonly pictures = inject(PICTURES, { optional: true });

  readonly name = input.required<string>();
  /** What the colour is made from: a username, or a group's id. */
  readonly username = input.required<string>();
  readonly group = input(false);
  /** Shown so large that the small picture would be coarse. */
  readonly large = input(false);

  protected readonly letters = computed(() => initials(this.name()));
  protected readonly person = computed(() => hueOf(this.username()));
  private readonly url = computed(() => this.pictures?.of(this.username(), this.large()));
  protected readonly address = signal('');

  constructor() {
    effect((ended) => {
      const url = this.url();
      let over = false;
      ended(() => (over = true));
      untracked(() => {
        if (!url) return this.address.set('');
        // Until another picture is here, and where it does not come, the initials say who it is.
        void this.pictures?.load(url).then(
          (address) => !over && this.address.set(address),
          () => !over && this.address.set(''),
        );
      });
    });
  }
}
