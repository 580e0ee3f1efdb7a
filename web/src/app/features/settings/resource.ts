import { Component, input, signal } from '@angular/core';

import { explain } from '../../core/http/problem';

/** What a section asks the server for: on its way, here, or why it did not come. */
export class Resource<T> {
  readonly value = signal<T | null>(null);
  readonly failure = signal('');

  /** How often it was asked for. */
  protected asked = 0;
  private latest: Promise<void>;

  constructor(private readonly ask: () => Promise<T>) {
    this.latest = this.again();
  }

  /** Asks anew; done once the newest answer is here. */
  again(): Promise<void> {
    return (this.latest = this.answer());
  }

  private async answer(): Promise<void> {
    const turn = ++this.asked;
    this.failure.set('');
    try {
      const value = await this.ask();
      if (turn === this.asked) this.value.set(value);
    } catch (error) {
      if (turn === this.asked) this.failure.set(explain(error));
    }
    // An answer that a later question overtook is old.
    if (turn !== this.asked) await this.latest;
  }
}

/** Shown in place of what was asked for until it is here. */
@Component({
  selector: 'aldis-resource',
  template: `
    @if (what().failure(); as failure) {
      <p class="form-error" role="alert">{{ failure }}</p>
      <button type="button" class="button quiet" (click)="what().again()">{{ words.again }}</button>
    } @else if (what().value() === null) {
      <div role="status">
        <span class="unseen">{{ words.loading }}</span>
        @for (line of [0, 1]; track line) {
          <div class="settings-line" aria-hidden="true">
            <span class="skeleton skeleton-avatar"></span>
            <span class="settings-text">
              <span class="skeleton skeleton-title"></span>
              <span class="skeleton skeleton-text"></span>
            </span>
          </div>
        }
      </div>
    }
  `,
})
export class ResourceState {
  protected readonly words = {
    again: $localize`Try again`,
    loading: $localize`Loading`,
  };
  readonly what = input.required<Resource<unknown>>();
}
