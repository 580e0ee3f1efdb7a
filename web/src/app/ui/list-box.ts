import { computed, Directive, input, output, signal, type Signal } from '@angular/core';

import { composes } from './composes';

/**
 * Which option of a list is chosen: a field keeps the focus, and its arrow keys move the choice. Options are known
 * by their keys, so the choice stays where it is while others come and go.
 */
export class ListBox {
  private readonly moved = signal<string | null>(null);
  /** The key of the option that Enter takes. */
  readonly chosen: Signal<string | null>;
  /** Its id in the page. */
  readonly active: Signal<string | null>;

  /** Until it is moved, the choice is the first option, or none where `free`. */
  constructor(
    readonly id: string,
    readonly keys: Signal<readonly string[]>,
    free = false,
  ) {
    this.chosen = computed(() => {
      const moved = this.moved();
      if (moved !== null && keys().includes(moved)) return moved;
      return free ? null : (keys()[0] ?? null);
    });
    this.active = computed(() => (this.chosen() === null ? null : this.idOf(this.chosen()!)));
  }

  idOf(key: string): string {
    return `${this.id}-${key}`;
  }

  choose(key: string | null): void {
    this.moved.set(key);
  }

  /** ↓ and ↑ lead to the next option, and around the ends; whether it was one of them. */
  move({ key }: KeyboardEvent): boolean {
    const keys = this.keys();
    const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || keys.length === 0) return false;
    const index = keys.indexOf(this.chosen() ?? '');
    const next = index < 0 && step < 0 ? -1 : (index + step) % keys.length;
    this.choose(keys.at(next)!);
    document.getElementById(this.active()!)?.scrollIntoView({ block: 'nearest' });
    return true;
  }
}

/** The field of a list box. */
@Directive({
  selector: 'input[aldisListField]',
  host: {
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-autocomplete': 'list',
    '[attr.aria-expanded]': 'box().keys().length > 0',
    '[attr.aria-controls]': 'box().keys().length > 0 ? box().id : null',
    '[attr.aria-activedescendant]': 'box().active()',
    '(keydown)': 'key($event)',
  },
})
export class ListField {
  readonly box = input.required<ListBox>({ alias: 'aldisListField' });

  /** Enter does what a press on the option does. */
  protected key(event: KeyboardEvent): void {
    if (composes(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const active = this.box().active();
    if (event.key === 'Enter' && active) document.getElementById(active)?.click();
    else if (!this.box().move(event)) return;
    event.preventDefault();
  }
}

/** An option of a list box. A press on it leaves the focus in the field. */
@Directive({
  selector: '[aldisOption]',
  host: {
    role: 'option',
    '[id]': 'box().idOf(key())',
    '[class.active]': 'box().chosen() === key()',
    '[attr.aria-selected]': 'picked() ?? box().chosen() === key()',
    '(mousedown)': '$event.preventDefault()',
    '(mousemove)': 'box().choose(key())',
    '(click)': 'pick.emit()',
  },
})
export class ListOption {
  readonly box = input.required<ListBox>({ alias: 'aldisOption' });
  readonly key = input.required<string>();
  /** Where several are picked one after another: whether this one is. */
  readonly picked = input<boolean>();
  readonly pick = output();
}
