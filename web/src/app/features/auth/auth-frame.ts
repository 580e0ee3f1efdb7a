import { Component, input } from '@angular/core';

import './auth-styles';

/** The page around the forms of a visitor: the mark, a heading, a card. */
@Component({
  selector: 'aldis-auth-frame',
  template: `
    <main class="auth-page">
      <div class="auth-card">
        <svg class="mark" viewBox="3 5 26 22" aria-hidden="true"><use href="#mark" /></svg>
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
