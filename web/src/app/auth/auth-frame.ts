import { Component, input } from '@angular/core';

import { Mark } from '../ui/mark';
import './auth-styles';

/** The page around the forms of a visitor: the mark, a heading, a card. */
@Component({
  selector: 'aldis-auth-frame',
  imports: [Mark],
  template: `
    <main class="auth-page">
      <div class="auth-card">
        <aldis-mark />
        <h1>{{ heading() }}</h1>
        <p class="auth-lead">{{ lead() }}</p>
        <ng-content />
      </div>
    </main>
  `,
})
export class AuthFrame {
  readonly heading = input.required<string>();
  readonly lead = input.required<string>();
}
