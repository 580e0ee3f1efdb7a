import { Component, input } from '@angular/core';

import './auth-styles';

/** The page around the forms of a visitor: which server it is, a heading, a card. */
@Component({
  selector: 'aldis-auth-frame',
  template: `
    <main class="auth-page">
      <div class="auth-card">
        <p class="auth-server">
          <svg class="mark" viewBox="3 5 26 22" aria-hidden="true"><use href="#mark" /></svg>
          <strong>Aldis</strong>
          <bdi>{{ host }}</bdi>
        </p>
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
  /** Whose server it is: what the person sees in the address. */
  protected readonly host = location.hostname;
}
