import { Service, signal } from '@angular/core';

/**
 * Whether the details of the conversation are open beside it: a choice that outlasts going to another one.
 */
@Service()
export class Panel {
  private readonly state = signal(false);
  readonly open = this.state.asReadonly();

  toggle(): void {
    this.state.update((open) => !open);
  }

  close(): void {
    this.state.set(false);
  }
}
