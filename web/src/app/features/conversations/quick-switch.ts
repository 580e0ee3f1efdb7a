import { Component, inject, output } from '@angular/core';
import { Router } from '@angular/router';

import { Chooser } from './chooser';

/** Ctrl+K: a few letters of a name, Enter, and the conversation is there. */
@Component({
  selector: 'aldis-quick-switch',
  imports: [Chooser],
  template: `
    <aldis-chooser
      heading="Go to a conversation"
      (pick)="router.navigate($event.link)"
      (closed)="closed.emit()"
    >
      <button type="button" class="link-button" (click)="start.emit()">Start a new one</button>
    </aldis-chooser>
  `,
})
export class QuickSwitch {
  protected readonly router = inject(Router);
  readonly closed = output();
  readonly start = output();
}
