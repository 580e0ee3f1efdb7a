import { afterNextRender, Component, type ElementRef, input, output, viewChild } from '@angular/core';

import { type Anchor, placeAt } from '../../ui/anchor';
import { EmojiPicker } from './emoji-picker';

/**
 * The emoji, above the button or at the place that asks for them, on a phone at the lower edge; they stay for
 * several, until Esc or a press outside.
 */
@Component({
  selector: 'aldis-emoji-panel',
  imports: [EmojiPicker],
  template: `
    <div
      #panel
      class="menu emoji-panel"
      popover
      role="dialog"
      [attr.aria-label]="label()"
      (toggle)="$event.newState === 'closed' && close()"
    >
      <aldis-emoji-picker (pick)="pick.emit($event)" />
    </div>
  `,
})
export class EmojiPanel {
  readonly button = input<HTMLElement>();
  readonly at = input<Anchor>();
  readonly label = input($localize`Emoji`);
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
      const [button, at] = [this.button()?.getBoundingClientRect(), this.at()];
      panel.showPopover();
      if (button) {
        panel.style.right = `${innerWidth - button.right}px`;
        panel.style.bottom = `${innerHeight - button.top}px`;
      } else if (at) placeAt(panel, at);
    });
  }

  protected close(): void {
    const { activeElement } = document;
    const places = [this.panel().nativeElement, this.button()];
    this.closed.emit(
      activeElement === document.body || places.some((place) => place?.contains(activeElement)),
    );
  }
}
