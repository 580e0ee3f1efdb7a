import { Component, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { SendKey } from '../../core/app/send-key';
import { Theme } from '../../core/app/theme';
import { Icon } from '../../ui/icon';
import { CONTROL } from '../../ui/shortcut';

/** Light or dark, how large, and which key sends. */
@Component({
  selector: 'aldis-appearance',
  imports: [Icon],
  template: `
    <fieldset class="choices">
      <legend>Theme</legend>
      @for (one of themes; track one.choice) {
        <label class="choice">
          <input
            type="radio"
            name="theme"
            class="unseen"
            [value]="one.choice"
            [checked]="choices().theme === one.choice"
            (change)="theme.choose('theme', one.choice)"
          />
          <aldis-icon [name]="one.icon" />{{ one.name }}
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
            [checked]="choices().text === size.choice"
            (change)="theme.choose('text', size.choice)"
          />
          <span class="choice-letter" aria-hidden="true">A</span>{{ size.name }}
        </label>
      }
    </fieldset>
    <fieldset class="choices">
      <legend>Send messages with</legend>
      @for (one of keys; track one.name) {
        <label class="choice">
          <input
            type="radio"
            name="send"
            class="unseen"
            [checked]="sendKey.enter() === one.enter"
            (change)="sendKey.choose(one.enter)"
          />
          {{ one.name }}
        </label>
      }
    </fieldset>
    <p class="settings-note">For this browser.</p>
  `,
})
export class Appearance {
  protected readonly theme = inject(Theme);
  protected readonly sendKey = inject(SendKey);
  protected readonly keys = [
    { name: 'Enter', enter: true },
    { name: `${CONTROL}+Enter`, enter: false },
  ];
  protected readonly choices = toSignal(this.theme.choices$, { requireSync: true });
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
