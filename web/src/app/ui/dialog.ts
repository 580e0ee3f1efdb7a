import { afterNextRender, Component, type ElementRef, input, output, viewChild } from '@angular/core';

import { Icon } from './icon';

let count = 0;

/** A modal dialog: the browser keeps the focus inside, closes it with Esc and gives the focus back. */
@Component({
  selector: 'aldis-dialog',
  imports: [Icon],
  template: `
    <dialog
      #dialog
      class="dialog"
      [attr.aria-labelledby]="id"
      (close)="closed.emit()"
      (mousedown)="outside($event)"
    >
      <div class="dialog-head">
        <h2 [id]="id">{{ heading() }}</h2>
        <button type="button" class="icon-button" aria-label="Close" i18n-aria-label (click)="dialog.close()">
          <aldis-icon name="close" />
        </button>
      </div>
      <ng-content />
    </dialog>
  `,
})
export class Dialog {
  readonly heading = input.required<string>();
  readonly closed = output();

  protected readonly id = `dialog-${++count}`;
  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');

  constructor() {
    afterNextRender(() => this.dialog().nativeElement.showModal());
  }

  close(): void {
    this.dialog().nativeElement.close();
  }

  protected outside(event: MouseEvent): void {
    if (event.target === this.dialog().nativeElement) this.close();
  }
}
