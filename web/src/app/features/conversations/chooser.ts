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

import { number } from '../../core/language/plural';
import { roleOf } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Avatar } from '../../ui/avatar';
import { composes } from '../../ui/composes';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { ListBox, ListField, ListOption } from '../../ui/list-box';
import { matching } from './matching';
import { type Row, rows } from './rows';

const SHOWN = 8;

/** A conversation is chosen, or several: a few letters of a name and Enter. */
@Component({
  selector: 'aldis-chooser',
  imports: [Avatar, Dialog, Icon, ListField, ListOption],
  template: `
    <aldis-dialog [heading]="heading()" (closed)="closed.emit()">
      <input
        #input
        class="field-input"
        aria-label="Name or username"
        i18n-aria-label
        placeholder="Name or username"
        i18n-placeholder
        [aldisListField]="box"
        (input)="query.set(input.value); box.choose(null)"
        (keydown)="key($event)"
      />
      <ul
        class="options"
        role="listbox"
        aria-label="Conversations"
        i18n-aria-label
        [id]="box.id"
        [attr.aria-multiselectable]="several()"
      >
        @for (row of options(); track row.key) {
          <li
            class="option"
            [aldisOption]="box"
            [key]="row.key"
            [picked]="several() ? isPicked(row) : undefined"
            (pick)="take(row)"
          >
            <aldis-avatar [name]="row.title" [username]="row.username" [group]="row.group" />
            <span class="option-title" dir="auto">{{ row.title }}</span>
            <span class="option-note">{{ row.group ? words.group : '@' + row.username }}</span>
            @if (several() && isPicked(row)) {
              <aldis-icon name="check" />
            }
          </li>
        }
      </ul>
      <p class="option-none" role="status">
        @if (options().length === 0) {
          {{ words.nothing }}
        }
      </p>
      @if (several()) {
        <div class="dialog-actions">
          <button
            type="button"
            class="button"
            [attr.aria-disabled]="picked().length === 0"
            (click)="finish()"
          >
            {{ picked().length > 1 ? toSeveral() : words.forward }}
          </button>
        </div>
      }
    </aldis-dialog>
  `,
})
export class Chooser {
  protected readonly words = {
    group: $localize`Group`,
    nothing: $localize`No conversation matches.`,
    forward: $localize`Forward`,
  };
  private readonly store = inject(ConversationStore);
  readonly heading = input.required<string>();
  /** Only those in which one may write. */
  readonly open = input(false);
  /** Several are picked one after another, and forwarded to; else the first ends it. */
  readonly several = input(false);
  readonly pick = output<Row>();
  readonly picks = output<readonly Row[]>();
  readonly closed = output();

  private readonly conversations = toSignal(this.store.conversations$, { requireSync: true });
  protected readonly query = signal('');
  protected readonly picked = signal<readonly Row[]>([]);
  protected readonly toSeveral = computed(() => $localize`Forward to ${number(this.picked().length)}:count:`);
  protected readonly options = computed(() => {
    const { me } = this.store;
    const offered = this.conversations().filter((conversation) => !this.open() || roleOf(conversation, me));
    return matching(rows(offered, [], me), this.query()).slice(0, SHOWN);
  });
  protected readonly box = new ListBox(
    'chooser',
    computed(() => this.options().map(({ key }) => key)),
  );
  private readonly input = viewChild.required<ElementRef<HTMLInputElement>>('input');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.input().nativeElement.focus());
  }

  protected key(event: KeyboardEvent): void {
    if (composes(event) || event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.finish();
  }

  protected take(row: Row): void {
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
