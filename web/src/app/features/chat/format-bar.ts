import { Component, output } from '@angular/core';

import { CONTROL } from '../../ui/shortcut';

/** The marks that words can have, above the field while some are selected in it. The keyboard stays there. */
@Component({
  selector: 'aldis-format-bar',
  template: `
    @for (choice of choices; track choice.sign) {
      <button
        type="button"
        tabindex="-1"
        [class]="'format-mark ' + choice.style"
        [attr.aria-label]="choice.name"
        [title]="choice.name + ' (' + choice.keys + ')'"
        (pointerdown)="$event.preventDefault()"
        (click)="mark.emit(choice.sign)"
      >
        {{ choice.letter }}
      </button>
    }
  `,
  host: { role: 'toolbar', '[attr.aria-label]': 'words.label' },
})
export class FormatBar {
  protected readonly words = { label: $localize`Marks` };
  readonly mark = output<string>();
  protected readonly choices = [
    { sign: '*', letter: 'B', style: 'strong', name: $localize`Bold`, keys: `${CONTROL} B` },
    { sign: '_', letter: 'I', style: 'em', name: $localize`Italic`, keys: `${CONTROL} I` },
    { sign: '~', letter: 'S', style: 'del', name: $localize`Struck through`, keys: `${CONTROL} Shift X` },
    { sign: '`', letter: '<>', style: 'code', name: $localize`Code`, keys: `${CONTROL} E` },
  ];
}
