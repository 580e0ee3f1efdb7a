import { signal } from '@angular/core';

/** The day stays in sight for so long after the last movement. */
const MOVING_FOR = 1_200;
/** A message is new for so long: a little longer than it takes to rise. */
const FRESH_FOR = 300;

/** What moves in a list of messages: the list under the person's hand, and lines that come. */
export class ListMotion {
  readonly moving = signal(false);
  private stopping: ReturnType<typeof setTimeout> | undefined;
  /** Lines below this index came a moment ago. */
  readonly fresh = signal(Infinity);
  private aging: ReturnType<typeof setTimeout> | undefined;

  move(): void {
    this.moving.set(true);
    clearTimeout(this.stopping);
    this.stopping = setTimeout(() => this.moving.set(false), MOVING_FOR);
  }

  welcome(below: number): void {
    this.fresh.set(below);
    clearTimeout(this.aging);
    this.aging = setTimeout(() => this.fresh.set(Infinity), FRESH_FOR);
  }
}
