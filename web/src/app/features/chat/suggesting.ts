import { computed, signal } from '@angular/core';

import type { Member } from '../../protocol/protocol';
import { ListBox } from '../../ui/list-box';
import type { Suggestion } from './suggestions';

/** Of what may be suggested. */
const LONGEST_NAME = 64;

/** What may be meant by the name, of a member or an emoji, that ends at the caret of a field. */
export class Suggesting {
  private readonly suggested = signal<readonly Suggestion[]>([]);
  readonly found = this.suggested.asReadonly();
  readonly box = new ListBox(
    'mentions',
    computed(() => this.found().map(({ key }) => key)),
  );
  /** The text and the caret when it was last looked for them. */
  private looked = '';

  constructor(
    private readonly members: () => readonly Member[],
    private readonly me: () => string,
    /** Puts one in place of what was typed. */
    readonly take: (suggestion: Suggestion) => void,
  ) {}

  look({ value, selectionStart, selectionEnd }: HTMLTextAreaElement): void {
    const looked = `${selectionStart} ${selectionEnd} ${value}`;
    if (looked === this.looked) return;
    this.looked = looked;
    const typed = value.slice(Math.max(selectionEnd - LONGEST_NAME, 0), selectionEnd);
    if (selectionStart === selectionEnd && /[@:][\w.+-]*$/.test(typed)) void this.find(value, selectionEnd);
    else this.suggested.set([]);
  }

  end(): void {
    this.looked = '';
    this.suggested.set([]);
  }

  /** A key, while something is suggested; whether it was one of the list. */
  key(event: KeyboardEvent): boolean {
    const chosen = this.found().find(({ key }) => key === this.box.chosen());
    if (!chosen) return false;
    if (event.key === 'Enter' || event.key === 'Tab') this.take(chosen);
    else if (event.key === 'Escape') this.suggested.set([]);
    else return this.box.move(event);
    return true;
  }

  private async find(text: string, caret: number): Promise<void> {
    const { looked } = this;
    const found = await import('../../rare')
      .then(({ suggestions }) => suggestions(text, caret, this.members(), this.me()))
      .catch(() => []);
    // One types on meanwhile.
    if (looked !== this.looked) return;
    this.suggested.set(found);
    this.box.choose(null);
  }
}
