import { Service, signal } from '@angular/core';

/** Room for a third column; the same width is in details.css. */
const WIDE = '(min-width: 72rem)';

/** Whether there is room for a third column, as a signal. */
@Service()
export class Wide {
  private readonly query = matchMedia(WIDE);
  private readonly state = signal(this.query.matches);
  readonly wide = this.state.asReadonly();

  constructor() {
    this.query.addEventListener('change', ({ matches }) => this.state.set(matches));
  }
}
