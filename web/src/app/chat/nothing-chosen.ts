import { Component } from '@angular/core';

import { Mark } from '../ui/mark';
import { SHORTCUT } from '../ui/shortcut';

/** The chat pane before a conversation is chosen; a phone shows the list instead. */
@Component({
  selector: 'aldis-nothing-chosen',
  imports: [Mark],
  template: `
    <div class="empty">
      <aldis-mark />
      <h2>Choose a conversation</h2>
      <p>Or press <kbd>{{ shortcut }}</kbd> and type a name.</p>
    </div>
  `,
})
export class NothingChosen {
  protected readonly shortcut = SHORTCUT;
}
