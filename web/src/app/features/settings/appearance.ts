import { Component, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { SendKey } from '../../core/app/send-key';
import { Theme } from '../../core/app/theme';
import { chooseLanguage, chosenLanguage, LANGUAGES } from '../../core/language/choice';
import type { Language } from '../../core/language/language';
import { forbidden } from '../../core/storage/storage';
import { Icon } from '../../ui/icon';
import { CONTROL } from '../../ui/shortcut';

/** Light or dark, how large, which key sends, and the language. */
@Component({
  selector: 'aldis-appearance',
  imports: [Icon],
  template: `
    <fieldset class="choices">
      <legend>{{ words.theme }}</legend>
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
      <legend>{{ words.size }}</legend>
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
      <legend>{{ words.key }}</legend>
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
    @if (!forbidden) {
      <label class="field-label" for="language">{{ words.language }}</label>
      <select #language id="language" class="field-input" (change)="speak(language.value)">
        <option value="" [selected]="!chosen">{{ words.browser }}</option>
        @for (one of languages; track one.tag) {
          <option [value]="one.tag" [lang]="one.tag" [selected]="chosen === one.tag">{{ one.name }}</option>
        }
      </select>
    }
    <p class="settings-note">{{ words.here }}</p>
  `,
})
export class Appearance {
  protected readonly words = {
    theme: $localize`Theme`,
    size: $localize`Text size`,
    key: $localize`Send messages with`,
    language: $localize`Language`,
    browser: $localize`As the browser`,
    here: $localize`For this browser.`,
  };
  protected readonly theme = inject(Theme);
  protected readonly sendKey = inject(SendKey);
  protected readonly keys = [
    { name: 'Enter', enter: true },
    { name: `${CONTROL}+Enter`, enter: false },
  ];
  protected readonly choices = toSignal(this.theme.choices$, { requireSync: true });
  protected readonly themes = [
    { choice: 'system', icon: 'system', name: $localize`System` },
    { choice: 'light', icon: 'light', name: $localize`Light` },
    { choice: 'dark', icon: 'dark', name: $localize`Dark` },
  ] as const;
  protected readonly sizes = [
    { choice: 'usual', name: $localize`Usual` },
    { choice: 'large', name: $localize`Large` },
    { choice: 'larger', name: $localize`Larger` },
  ];
  /** A language is chosen by a reload, which nothing would outlive. */
  protected readonly forbidden = forbidden;
  protected readonly chosen = chosenLanguage();
  protected readonly languages = Object.entries(LANGUAGES).map(([tag, name]) => ({ tag, name }));

  protected speak(choice: string): void {
    chooseLanguage((choice || null) as Language | null);
  }
}
