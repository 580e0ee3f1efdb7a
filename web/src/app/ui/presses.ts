import { type DestroyRef, signal } from '@angular/core';

interface Press {
  readonly meaning: string;
  readonly work: () => Promise<boolean>;
}

/**
 * Does what a form is pressed for, one piece of work at a time. A press during the work is not lost: if it
 * means the same, it is the same press; else it follows, the last one only, as long as the form is there.
 */
export class Presses {
  readonly busy = signal(false);
  private current = '';
  private next: Press | null = null;

  /** `form` is given where nothing may be done any more once it is closed. */
  constructor(form?: DestroyRef) {
    form?.onDestroy(() => this.forget());
  }

  /** What was pressed meanwhile is not meant any more. */
  forget(): void {
    this.next = null;
  }

  /**
   * `work` resolves to whether it settles what was pressed meanwhile, too. It does where nobody knows what
   * became of it: done once more, there might be two.
   */
  press(meaning: unknown, work: () => Promise<boolean>): void {
    const press = { meaning: JSON.stringify(meaning), work };
    if (!this.busy()) void this.run(press);
    else this.next = press.meaning === this.current ? null : press;
  }

  /** Whether something else was pressed since the work began. */
  get followed(): boolean {
    return this.next !== null;
  }

  private async run(first: Press): Promise<void> {
    this.busy.set(true);
    let press: Press | null = first;
    try {
      while (press) {
        this.current = press.meaning;
        this.next = null;
        const settled: boolean = await press.work();
        press = settled ? null : this.next;
      }
    } finally {
      this.next = null;
      this.busy.set(false);
    }
  }
}
