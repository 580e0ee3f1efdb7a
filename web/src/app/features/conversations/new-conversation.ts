import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  inject,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { Router } from '@angular/router';

import { chatWith } from '../../core/chat-key';
import { Api } from '../../core/api/api';
import { linkToUser, typedUsername } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import { peer } from '../../data/conversations/conversation';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { findPeople } from '../../data/people/find-people';
import { Avatar } from '../../ui/avatar';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Presses } from '../../ui/presses';

const SHOWN = 8;

/** Finds a person by name or username and goes to the conversation with them. */
@Component({
  selector: 'aldis-new-conversation',
  imports: [Avatar, Dialog, Field],
  template: `
    <aldis-dialog heading="New conversation" i18n-heading (closed)="closed.emit()">
      <form #form novalidate (submit)="$event.preventDefault(); submit()" (keydown)="key($event, form)">
        <aldis-field
          #field
          label="Name or username"
          i18n-label
          name="receiver"
          autocomplete="off"
          [hint]="hint"
          (typed)="query.set($event)"
        />
        @if (people().length > 0) {
          <ul class="options" aria-label="People" i18n-aria-label>
            @for (person of people(); track person.username) {
              <li>
                <button type="button" class="option person" (click)="open(person.username)">
                  <aldis-avatar [name]="person.displayName" [username]="person.username" />
                  <span class="option-title" dir="auto">{{ person.displayName }}</span>
                  <span class="option-note">{{ '@' + person.username }}</span>
                </button>
              </li>
            }
          </ul>
        }
        <p class="option-none" role="status">{{ said() }}</p>
        <button type="submit" class="button" [attr.aria-disabled]="busy()">
          {{ busy() ? words.looking : words.start }}
        </button>
      </form>
    </aldis-dialog>
  `,
})
export class NewConversation {
  protected readonly words = { looking: $localize`Looking…`, start: $localize`Start conversation` };
  private readonly api = inject(Api);
  private readonly router = inject(Router);
  private readonly store = inject(ConversationStore);
  private readonly destroyed = inject(DestroyRef);
  readonly closed = output();

  protected readonly hint = $localize`Yours is @${this.store.me}:username:.`;
  protected readonly query = signal('');
  private readonly found = findPeople(this.query);
  protected readonly people = computed(() => this.found.people().slice(0, SHOWN));
  protected readonly said = computed(() => {
    if (this.found.looking()) return this.words.looking;
    if (this.found.failure()) return this.found.failure();
    return this.query().trim() && this.people().length === 0
      ? $localize`Nobody found whose name begins so.`
      : '';
  });
  private readonly presses = new Presses();
  protected readonly busy = this.presses.busy;
  private readonly field = viewChild.required<Field>('field');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.field().focus());
  }

  /** The arrow keys go from the field through those who were found. */
  protected key(event: KeyboardEvent, form: HTMLElement): void {
    if (event.isComposing || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
    const stops = [...form.querySelectorAll<HTMLElement>('input, .person')];
    const index = stops.indexOf(event.target as HTMLElement);
    if (index < 0) return;
    stops[index + (event.key === 'ArrowDown' ? 1 : -1)]?.focus();
    event.preventDefault();
  }

  protected open(username: string): void {
    this.presses.forget();
    void this.go(username);
  }

  protected submit(): void {
    const field = this.field();
    if (!field.require($localize`Whom do you want to write to?`)) return field.focus();
    const username = typedUsername(field.value());
    this.presses.press(username, () => this.start(username));
  }

  private async start(typed: string): Promise<boolean> {
    const field = this.field();
    field.error.set('');
    try {
      const known = await this.store.resolve(chatWith(typed));
      const there = known && peer(known, this.store.me);
      const { username } = there ?? (await this.api.user(typed));
      // Somebody else is meant by now, or nobody: the dialog was closed.
      if (this.presses.followed || this.destroyed.destroyed) return false;
      await this.go(username);
      return true;
    } catch (error) {
      field.error.set(this.complaint(error, typed));
      field.focus();
      return false;
    }
  }

  private async go(username: string): Promise<void> {
    this.dialog().close();
    await this.router.navigate([linkToUser(username)]);
  }

  private complaint(error: unknown, typed: string): string {
    if (!(error instanceof Failure && error.code === 'not_found')) return explain(error);
    return this.people().length > 0
      ? $localize`That is no username: choose somebody from the list.`
      : $localize`Nobody here is called @${typed}:username:. Check the spelling.`;
  }
}
