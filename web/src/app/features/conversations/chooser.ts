import {
  afterNextRender,
  Component,
  computed,
  type ElementRef,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { roleOf } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Avatar } from '../../ui/avatar';
import { composes } from '../../ui/composes';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { matching } from './matching';
import { type Row, rows } from './rows';

const SHOWN = 8;

/**
 * A conversation is chosen: a few letters of a name and Enter. What is inside says what to do where none
 * matches.
 */
@Component({
  selector: 'aldis-chooser',
  imports: [Avatar, Dialog, Icon],
  template: `
    <aldis-dialog [heading]="heading()" (closed)="closed.emit()">
      <input
        #input
        class="field-input"
        role="combobox"
        aria-label="Name or username"
        aria-expanded="true"
        aria-controls="chooser-options"
        aria-autocomplete="list"
        autocomplete="off"
        spellcheck="false"
        placeholder="Name or username"
        [attr.aria-activedescendant]="options().length > 0 ? 'chooser-' + chosen() : null"
        (input)="query.set(input.value); chosen.set(0)"
        (keydown)="key($event)"
      />
      <ul
        id="chooser-options"
        class="options"
        role="listbox"
        aria-label="Conversations"
        [attr.aria-multiselectable]="several() !== ''"
      >
        @for (row of options(); track row.key; let index = $index) {
          <!-- The keyboard stays in the field and moves the choice from there. -->
          <!-- eslint-disable-next-line @angular-eslint/template/click-events-have-key-events, @angular-eslint/template/interactive-supports-focus -->
          <li
            role="option"
            class="option"
            [id]="'chooser-' + index"
            [class.active]="index === chosen()"
            [attr.aria-selected]="several() ? isPicked(row) : index === chosen()"
            (click)="take(index)"
            (mousemove)="chosen.set(index)"
          >
            <aldis-avatar [name]="row.title" [username]="row.username" [group]="row.group" />
            <span class="option-title" dir="auto">{{ row.title }}</span>
            <span class="option-note">{{ row.group ? 'Group' : '@' + row.username }}</span>
            @if (several() && isPicked(row)) {
              <aldis-icon name="check" />
            }
          </li>
        }
      </ul>
      <p class="option-none" role="status">
        @if (options().length === 0) {
          No conversation matches. <ng-content />
        }
      </p>
      @if (several(); as action) {
        <div class="dialog-actions">
          <button
            type="button"
            class="button"
            [attr.aria-disabled]="picked().length === 0"
            (click)="finish()"
          >
            {{ picked().length > 1 ? action + ' to ' + picked().length : action }}
          </button>
        </div>
      }
    </aldis-dialog>
  `,
})
export class Chooser {
  private readonly store = inject(ConversationStore);
  readonly heading = input.required<string>();
  /** Only those in which one may write. */
  readonly open = input(false);
  /** What is done with several that are picked one after another; without it the first ends it. */
  readonly several = input('');
  readonly pick = output<Row>();
  readonly picks = output<readonly Row[]>();
  readonly closed = output();

  private readonly conversations = toSignal(this.store.conversations$, { requireSync: true });
  protected readonly query = signal('');
  protected readonly chosen = signal(0);
  protected readonly picked = signal<readonly Row[]>([]);
  protected readonly options = computed(() => {
    const { me } = this.store;
    const offered = this.conversations().filter((conversation) => !this.open() || roleOf(conversation, me));
    return matching(rows(offered, [], me), this.query()).slice(0, SHOWN);
  });
  private readonly input = viewChild.required<ElementRef<HTMLInputElement>>('input');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.input().nativeElement.focus());
  }

  protected key(event: KeyboardEvent): void {
    const count = this.options().length;
    if (composes(event) || count === 0) return;
    if (event.key === 'ArrowDown') this.chosen.update((index) => (index + 1) % count);
    else if (event.key === 'ArrowUp') this.chosen.update((index) => (index + count - 1) % count);
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && this.several()) this.finish();
    else if (event.key === 'Enter') this.take(this.chosen());
    else return;
    event.preventDefault();
  }

  protected take(index: number): void {
    const row = this.options()[index];
    if (!row) return;
    if (this.several()) return this.toggle(row);
    this.dialog().close();
    this.pick.emit(row);
  }

  protected isPicked({ key }: Row): boolean {
    return this.picked().some((row) => row.key === key);
  }

  protected finish(): void {
    const picked = this.picked();
    if (picked.length === 0) return;
    this.dialog().close();
    this.picks.emit(picked);
  }

  private toggle(row: Row): void {
    this.picked.update((picked) =>
      this.isPicked(row) ? picked.filter(({ key }) => key !== row.key) : [...picked, row],
    );
  }
}
