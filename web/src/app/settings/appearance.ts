import { Component, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Icon } from '../ui/icon';
import { Look } from './look';

/** Light or dark, and how large. */
@Component({
  selector: 'aldis-appearance',
  imports: [Icon],
  template: `
    <fieldset class="choices">
      <legend>Theme</legend>
      @for (theme of themes; track theme.choice) {
        <label class="choice">
          <input
            type="radio"
            name="theme"
            class="unseen"
            [value]="theme.choice"
            [checked]="looks().theme === theme.choice"
            (change)="look.choose('theme', theme.choice)"
          />
          <aldis-icon [name]="theme.icon" />{{ theme.name }}
        </label>
      }
    </fieldset>
    <fieldset class="choices">
      <legend>Text size</legend>
      @for (size of sizes; track size.choice) {
        <label class="choice" [class]="size.choice">
          <input
            type="radio"
            name="text"
            class="unseen"
            [value]="size.choice"
            [checked]="looks().text === size.choice"
            (change)="look.choose('text', size.choice)"
          />
          <span class="choice-letter" aria-hidden="true">A</span>{{ size.name }}
        </label>
      }
    </fieldset>
    <p class="settings-note">For this browser.</p>
  `,
})
export class Appearance {
  protected readonly look = inject(Look);
  protected readonly looks = toSignal(this.look.looks$, { requireSync: true });
  protected readonly themes = [
    { choice: 'system', icon: 'system', name: 'System' },
    { choice: 'light', icon: 'light', name: 'Light' },
    { choice: 'dark', icon: 'dark', name: 'Dark' },
  ] as const;
  protected readonly sizes = [
    { choice: 'usual', name: 'Usual' },
    { choice: 'large', name: 'Large' },
    { choice: 'larger', name: 'Larger' },
  ];
}
