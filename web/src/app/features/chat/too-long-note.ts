import { Component, computed, input, output } from '@angular/core';

import { plural } from '../../core/language/plural';
import { split } from '../../data/outbox/split';
import { excess, tooLongBy } from '../../data/outbox/too-long';

/** Below a text that is longer than servers usually take: by how much, and that it can go in parts. */
@Component({
  selector: 'aldis-too-long-note',
  template: `
    {{ note() }}
    @if (parts().length > 1) {
      <button type="button" class="link-button" (click)="send.emit(parts())">{{ asParts() }}</button>
    }
  `,
})
export class TooLongNote {
  readonly text = input.required<string>();
  /** One with files, or one that is changed, stays one message. */
  readonly whole = input.required<boolean>();
  readonly send = output<readonly string[]>();

  protected readonly note = computed(
    () => $localize`${tooLongBy(excess(this.text()))}:excess: It may be refused.`,
  );
  protected readonly parts = computed(() => (this.whole() ? [] : split(this.text())));
  protected readonly asParts = computed(() =>
    plural(
      this.parts().length,
      $localize`{count, plural, one {Send as # message} other {Send as # messages}}`,
    ),
  );
}
