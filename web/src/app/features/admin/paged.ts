import { Component, input, signal } from '@angular/core';

import { explain } from '../../core/http/problem';
import type { Page } from '../../protocol/protocol';
import { Resource } from '../settings/resource';

/** A list that the server gives page by page: the first page is a resource, the others follow it. */
export class Paged<T> extends Resource<Page<T>> {
  readonly reading = signal(false);
  /** Why the next page did not come. */
  readonly stuck = signal('');

  constructor(private readonly page: (next?: string) => Promise<Page<T>>) {
    super(() => page());
  }

  async more(): Promise<void> {
    const [next, turn] = [this.value()?.next, this.asked];
    if (!next || this.reading()) return;
    this.reading.set(true);
    this.stuck.set('');
    try {
      const { items, ...rest } = await this.page(next);
      // Something else may have been asked for meanwhile.
      if (turn === this.asked)
        this.value.update((shown) => shown && { items: [...shown.items, ...items], ...rest });
    } catch (error) {
      this.stuck.set(explain(error));
    } finally {
      this.reading.set(false);
    }
  }

  /** Puts other items in the place of those that are shown. */
  change(items: (shown: readonly T[]) => T[]): void {
    this.value.update((page) => page && { ...page, items: items(page.items) });
  }
}

/** Below a list: asks for its next page. */
@Component({
  selector: 'aldis-more',
  template: `
    @if (of().value()?.next) {
      <button type="button" class="button quiet" [attr.aria-disabled]="of().reading()" (click)="of().more()">
        {{ words.more }}
      </button>
    }
    @if (of().stuck(); as failure) {
      <p class="form-error" role="alert">{{ failure }}</p>
    }
  `,
})
export class More {
  protected readonly words = { more: $localize`Show more` };
  readonly of = input.required<Paged<unknown>>();
}
