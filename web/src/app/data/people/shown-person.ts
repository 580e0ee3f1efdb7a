import { Service, signal } from '@angular/core';

/** Whose card is open: one person, from wherever their picture or name was pressed. */
@Service()
export class ShownPerson {
  private readonly state = signal<string | null>(null);
  readonly username = this.state.asReadonly();

  show(username: string): void {
    this.state.set(username);
  }

  hide(): void {
    this.state.set(null);
  }
}
