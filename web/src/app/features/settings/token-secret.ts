import { afterNextRender, Component, type ElementRef, input, signal, viewChild } from '@angular/core';

import { copyText } from '../../core/copy';
import { Icon } from '../../ui/icon';

/** A token or a link that was just made, to be taken away. */
@Component({
  selector: 'aldis-token-secret',
  imports: [Icon],
  template: `
    <p class="notice" id="token-once">
      {{ note() }}
    </p>
    <p class="token-secret">
      <code #code id="token-secret">{{ secret() }}</code>
    </p>
    <button #copy type="button" class="button" aria-describedby="token-once token-secret" (click)="take()">
      <aldis-icon name="copy" />{{ words.copy }}
    </button>
    <p class="settings-note" role="status">{{ said() }}</p>
  `,
})
export class TokenSecret {
  protected readonly words = {
    copy: $localize`Copy`,
  };
  readonly secret = input.required<string>();
  /** What whoever has it may do. */
  readonly note = input.required<string>();

  protected readonly said = signal('');
  private readonly code = viewChild.required<ElementRef<HTMLElement>>('code');
  private readonly copy = viewChild.required<ElementRef<HTMLElement>>('copy');

  constructor() {
    afterNextRender(() => this.copy().nativeElement.focus());
  }

  protected async take(): Promise<void> {
    if (await copyText(this.secret())) this.said.set($localize`Copied.`);
    else {
      getSelection()?.selectAllChildren(this.code().nativeElement);
      this.said.set($localize`This browser does not let Aldis copy. It is selected: copy it by hand.`);
    }
  }
}
