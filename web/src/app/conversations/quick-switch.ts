import { afterNextRender, Component, computed, type ElementRef, inject, output, signal, viewChild } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Router } from '@angular/router';

import { Avatar } from '../ui/avatar';
import { Dialog } from '../ui/dialog';
import { ConversationStore } from './conversation-store';
import { matching } from './matching';
import { rows } from './rows';

const SHOWN = 8;

/** Ctrl+K: a few letters of a name, Enter, and the conversation is there. */
@Component({
  selector: 'aldis-quick-switch',
  imports: [Avatar, Dialog],
  template: `
    <aldis-dialog heading="Go to a conversation" (closed)="closed.emit()">
      <input
        #input
        class="field-input"
        role="combobox"
        aria-label="Name or username"
        aria-expanded="true"
        aria-controls="switch-options"
        aria-autocomplete="list"
        autocomplete="off"
        spellcheck="false"
        placeholder="Name or username"
        [attr.aria-activedescendant]="options().length > 0 ? 'switch-' + chosen() : null"
        (input)="query.set(input.value); chosen.set(0)"
        (keydown)="key($event)"
      />
      <ul id="switch-options" class="options" role="listbox" aria-label="Conversations">
        @for (row of options(); track row.key; let index = $index) {
          <!-- The keyboard stays in the field and moves the choice from there. -->
          <!-- eslint-disable-next-line @angular-eslint/template/click-events-have-key-events, @angular-eslint/template/interactive-supports-focus -->
          <li role="option" class="option" [id]="'switch-' + index" [attr.aria-selected]="index === chosen()" (click)="go(index)" (mousemove)="chosen.set(index)">
            <aldis-avatar [name]="row.title" [username]="row.username" [group]="row.group" />
            <span class="option-title" dir="auto">{{ row.title }}</span>
            <span class="option-note">{{ row.group ? 'Group' : '@' + row.username }}</span>
          </li>
        }
      </ul>
      <p class="option-none" role="status">
        @if (options().length === 0) {
          No conversation matches. <button type="button" class="link-button" (click)="start.emit()">Start a new one</button>
        }
      </p>
    </aldis-dialog>
  `,
})
export class QuickSwitch {
  private readonly router = inject(Router);
  private readonly store = inject(ConversationStore);
  readonly closed = output();
  readonly start = output();

  private readonly conversations = toSignal(this.store.conversations$, { requireSync: true });
  protected readonly query = signal('');
  protected readonly chosen = signal(0);
  protected readonly options = computed(() => matching(rows(this.conversations(), [], this.store.me), this.query()).slice(0, SHOWN));
  private readonly input = viewChild.required<ElementRef<HTMLInputElement>>('input');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.input().nativeElement.focus());
  }

  protected key(event: KeyboardEvent): void {
    const count = this.options().length;
    if (event.isComposing || count === 0) return;
    if (event.key === 'ArrowDown') this.chosen.update((index) => (index + 1) % count);
    else if (event.key === 'ArrowUp') this.chosen.update((index) => (index + count - 1) % count);
    else if (event.key === 'Enter') this.go(this.chosen());
    else return;
    event.preventDefault();
  }

  protected go(index: number): void {
    const row = this.options()[index];
    if (!row) return;
    this.dialog().close();
    void this.router.navigate(row.link);
  }
}
