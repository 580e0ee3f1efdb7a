import { Component, effect, inject, input, signal, untracked } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';

import { WebSocketService } from '../../core/line/web-socket-service';
import { Files } from '../../data/attachments/files';
import { Icon } from '../../ui/icon';

/** The small picture of a file, in a place that is there before it. */
@Component({
  selector: 'aldis-small-picture',
  imports: [Icon],
  template: `
    @if (address(); as address) {
      <img [src]="address" alt="" />
    } @else if (failed()) {
      <aldis-icon name="warning" />
    }
  `,
})
export class SmallPicture {
  private readonly files = inject(Files);

  readonly url = input.required<string>();

  protected readonly address = signal('');
  protected readonly failed = signal(false);

  constructor() {
    effect(() => {
      this.url();
      void untracked(() => this.load());
    });
    // What could not be fetched without a connection comes with it.
    inject(WebSocketService)
      .status$.pipe(takeUntilDestroyed())
      .subscribe((status) => status === 'online' && this.failed() && void this.load());
  }

  private async load(): Promise<void> {
    const url = this.url();
    this.failed.set(false);
    try {
      const address = await this.files.picture(url);
      if (url === this.url()) this.address.set(address);
    } catch {
      this.failed.set(true);
    }
  }
}
