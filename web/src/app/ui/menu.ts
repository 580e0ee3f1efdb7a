import { afterNextRender, Component, type ElementRef, input, output, viewChild } from '@angular/core';

import { type Anchor, placeAt } from './anchor';
import { rightToLeft } from './direction';

/**
 * A menu of actions: arrow keys move, Enter chooses, Esc and a press outside close. It is modal, so that the
 * press that closes it does nothing else, and the browser gives the focus back.
 */
@Component({
  selector: 'aldis-menu',
  template: `
    <!-- Esc closes it without being asked to. -->
    <!-- eslint-disable-next-line @angular-eslint/template/click-events-have-key-events, @angular-eslint/template/interactive-supports-focus -->
    <dialog
      #dialog
      class="menu menu-dialog"
      [attr.aria-label]="label()"
      (close)="closed.emit()"
      (pointerdown)="pressed = $event.target"
      (click)="outside($event)"
      (contextmenu)="$event.preventDefault()"
    >
      <!-- The items take the focus. -->
      <!-- eslint-disable-next-line @angular-eslint/template/interactive-supports-focus -->
      <div role="menu" [attr.aria-label]="label()" (keydown)="key($event)"><ng-content /></div>
    </dialog>
  `,
})
export class Menu {
  readonly label = input.required<string>();
  readonly at = input.required<Anchor>();
  readonly closed = output();

  /** Where the last press began. */
  protected pressed: EventTarget | null = null;
  private readonly dialog = viewChild.required<ElementRef<HTMLDialogElement>>('dialog');

  constructor() {
    afterNextRender(() => {
      const dialog = this.dialog().nativeElement;
      dialog.addEventListener('click', (event) => this.clicked(event), { capture: true });
      dialog.showModal();
      placeAt(dialog, this.at());
      this.items()[0]?.focus();
    });
  }

  close(): void {
    this.dialog().nativeElement.close();
  }

  protected key(event: KeyboardEvent): void {
    const items = this.items();
    const index = items.indexOf(event.target as HTMLElement);
    if (index < 0) return;
    const onward = rightToLeft() ? -1 : 1;
    const moves: Record<string, number> = {
      ArrowDown: index + 1,
      ArrowRight: index + onward,
      ArrowUp: index - 1,
      ArrowLeft: index - onward,
      Home: 0,
      End: -1,
    };
    const to = moves[event.key];
    if (event.key === 'Tab') this.close();
    else if (to !== undefined) items.at(to % items.length)?.focus();
    else return;
    event.preventDefault();
  }

  private clicked(event: MouseEvent): void {
    // The end of the long press that opened it chooses nothing.
    if (event.detail > 0 && this.pressed === null) event.stopPropagation();
    // Closed before the item does its work, which may be to put the focus somewhere: a modal dialog would
    // keep it.
    else if ((event.target as Element).closest('[role^="menuitem"]')) this.close();
  }

  /** A whole press outside. */
  protected outside({ target }: Event): void {
    const dialog = this.dialog().nativeElement;
    if (target === dialog && this.pressed === dialog) this.close();
  }

  private items(): HTMLElement[] {
    return [...this.dialog().nativeElement.querySelectorAll<HTMLElement>('[role^="menuitem"]')];
  }
}
