import { Component, input, output } from '@angular/core';

import type { Anchor } from '../../ui/anchor';
import { Icon } from '../../ui/icon';
import { Menu } from '../../ui/menu';

/** What one can begin. */
@Component({
  selector: 'aldis-new-menu',
  imports: [Icon, Menu],
  template: `
    <aldis-menu label="New" i18n-label [at]="at()" (closed)="closed.emit()">
      <button type="button" class="menu-item" role="menuitem" (click)="pick.emit('new')">
        <aldis-icon name="person" />{{ words.message }}
      </button>
      <button type="button" class="menu-item" role="menuitem" (click)="pick.emit('group')">
        <aldis-icon name="group" />{{ words.group }}
      </button>
    </aldis-menu>
  `,
})
export class NewMenu {
  protected readonly words = { message: $localize`Message`, group: $localize`Group` };
  readonly at = input.required<Anchor>();
  readonly pick = output<'new' | 'group'>();
  readonly closed = output();
}
