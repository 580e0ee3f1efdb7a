import { afterNextRender, Component, type ElementRef, input, output, viewChild } from '@angular/core';

import { EmojiPicker } from './emoji-picker';

/** The emoji, above the button that asks for them; it stays for several, until Esc or a press outside. */
@Component({
  selector: 'aldis-emoji-panel',
  imports: [EmojiPicker],
  template: `
    <div
      #panel
      class="menu emoji-panel"
      popover
      role="dialog"
      aria-label="Emoji"
      (toggle)="$event.newState === 'closed' && close()"
    >
      <aldis-emoji-picker (pick)="pick.emit($event)" />
    </div>
  `,
})
export class EmojiPanel {
  readonly button = input.required<HTMLElement>();
  readonly pick = output<string>();
  /**
   * Whether the focus is free for the field again: a press elsewhere closes it, too, and may have given the
   * focus to what is there.
   */
  readonly closed = output<boolean>();

  private readonly panel = viewChild.required<ElementRef<HTMLElement>>('panel');

  constructor() {
    afterNextRender(() => {
      const panel = this.panel().nativeElement;
      const { right, top } = this.button().getBoundingClientRect();
      panel.style.right = `${innerWidth - right}px`;
      panel.style.bottom = `${innerHeight - top}px`;
      panel.showPopover();
    });
  }

  protected close(): void {
    const { activeElement } = document;
    const places: readonly Node[] = [this.panel().nativeElement, this.button()];
    this.closed.emit(
      activeElement === document.body || places.some((place) => place.contains(activeElement)),
    );
  }
}
