import { Component } from '@angular/core';

import { SHORTCUT } from '../../ui/shortcut';

/** The chat pane before a conversation is chosen; a phone shows the list instead. */
@Component({
  selector: 'aldis-nothing-chosen',
  template: `
    <div class="empty">
      <svg class="mark" viewBox="3 5 26 22" aria-hidden="true"><use href="#mark" /></svg>
      <h2>Choose a conversation</h2>
      <p>
        Or press <kbd>{{ shortcut }}</kbd> and type a name.
      </p>
    </div>
  `,
})
export class NothingChosen {
  protected readonly shortcut = SHORTCUT;
}
