import { Component, input, output } from '@angular/core';

/** Something that is on or off, and in a few words what that means. */
@Component({
  selector: 'aldis-switch',
  template: `
    <button
      type="button"
      class="details-action"
      role="switch"
      [attr.aria-checked]="on()"
      [attr.aria-disabled]="busy()"
      [attr.aria-describedby]="id"
      (click)="busy() || toggled.emit(!on())"
    >
      <span class="details-label">{{ label() }}</span><span class="switch" aria-hidden="true"></span>
    </button>
    <p class="settings-note" [id]="id">{{ note() }}</p>
  `,
})
export class Switch {
  private static count = 0;

  readonly label = input.required<string>();
  readonly note = input('');
  readonly on = input.required<boolean>();
  readonly busy = input(false);
  readonly toggled = output<boolean>();

  protected readonly id = `switch-${++Switch.count}`;
}
