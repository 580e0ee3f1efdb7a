import { Component, computed, input } from '@angular/core';

import { initials } from '../format/text';

const HUES = 6;

/** A person's initials on a colour of their own, the same on every device. The name stands beside it. */
@Component({
  selector: 'aldis-avatar',
  template: '{{ letters() }}',
  host: { 'aria-hidden': 'true', '[attr.data-person]': 'person()' },
})
export class Avatar {
  readonly name = input.required<string>();
  readonly username = input.required<string>();

  protected readonly letters = computed(() => initials(this.name()));
  protected readonly person = computed(() => {
    let hash = 7;
    for (const character of this.username()) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
    return (hash % HUES) + 1;
  });
}
