import { Component, computed, input } from '@angular/core';

import { initials } from '../core/format/text';
import { handleOf } from '../core/handle';

const HUES = 6;

/** Which of the colours for people is theirs: the same on every device. */
export function hueOf(username: string): number {
  let hash = 7;
  for (const character of handleOf(username)) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return (hash % HUES) + 1;
}

/**
 * A person's initials on a colour of their own, or a group's on a softened square. The name stands beside it.
 */
@Component({
  selector: 'aldis-avatar',
  template: '{{ letters() }}',
  host: { 'aria-hidden': 'true', '[attr.data-person]': 'person()', '[class.group]': 'group()' },
})
export class Avatar {
  readonly name = input.required<string>();
  /** What the colour is made from: a username, or a group's id. */
  readonly username = input.required<string>();
  readonly group = input(false);

  protected readonly letters = computed(() => initials(this.name()));
  protected readonly person = computed(() => hueOf(this.username()));
}
