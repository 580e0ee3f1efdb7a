import { signal } from '@angular/core';

/** Work of which several pieces may be under way: one does not wait for another, and none is begun twice. */
export class EachOnce<T = void> {
  private readonly underWay = signal<ReadonlyMap<string, Promise<T>>>(new Map());

  has(key: string): boolean {
    return this.underWay().has(key);
  }

  /** What all that are under way come to. */
  all(): Promise<T[]> {
    return Promise.all(this.underWay().values());
  }

  begin(key: string, work: () => Promise<T>): Promise<T> {
    const begun = this.underWay().get(key);
    if (begun) return begun;
    const beginning = work().finally(() =>
      this.underWay.update((all) => new Map([...all].filter(([other]) => other !== key))),
    );
    this.underWay.update((all) => new Map(all).set(key, beginning));
    return beginning;
  }
}
