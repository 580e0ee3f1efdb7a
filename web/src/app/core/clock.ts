import { Service, signal } from '@angular/core';

const MINUTE = 60_000;

/** Today, as a signal: “Today” turns into “Yesterday” at midnight while the page is open. */
@Service()
export class Clock {
  private readonly state = signal(new Date(), { equal: (a, b) => a.toDateString() === b.toDateString() });
  readonly day = this.state.asReadonly();

  constructor() {
    setInterval(() => this.state.set(new Date()), MINUTE);
  }
}
