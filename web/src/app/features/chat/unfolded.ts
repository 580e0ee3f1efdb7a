import { Service, signal } from '@angular/core';

/** How many parts of long messages are shown, by the key of the message: it stays so while one scrolls. */
@Service()
export class Unfolded {
  private readonly counts = signal<ReadonlyMap<string, number>>(new Map());

  count(key: string): number {
    return this.counts().get(key) ?? 1;
  }

  more(key: string): void {
    this.counts.update((counts) => new Map(counts).set(key, (counts.get(key) ?? 1) + 1));
  }
}
