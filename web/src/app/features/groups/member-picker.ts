import {
  Component,
  computed,
  type ElementRef,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';

import { Api } from '../../core/api/api';
import { handleOf, hasUser, sameUser, typedUsername, UserSet } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import { ConversationStore } from '../../data/conversations/conversation-store';
import type { Acquaintance } from '../../data/people/acquaintances';
import { findPeople } from '../../data/people/find-people';
import { Avatar } from '../../ui/avatar';
import { composes } from '../../ui/composes';
import { EachOnce } from '../../ui/each-once';
import { ListBox, ListField, ListOption } from '../../ui/list-box';

const SHOWN = 5;
let count = 0;

/**
 * Picks a person by their username, or by the beginning of their name; says what is wrong where it happens.
 */
@Component({
  selector: 'aldis-member-picker',
  imports: [Avatar, ListField, ListOption],
  templateUrl: './member-picker.html',
})
export class MemberPicker {
  protected readonly words = {
    add: $localize`Add`,
    looking: $localize`Looking…`,
  };
  private readonly api = inject(Api);
  private readonly store = inject(ConversationStore);

  readonly label = input.required<string>();
  readonly hint = input('');
  /** Who is there already. */
  readonly taken = input.required<readonly string[]>();
  readonly pick = output<Acquaintance>();

  readonly error = signal('');
  protected readonly id = `picker-${++count}`;
  protected readonly query = signal('');
  /** The names that are looked up. */
  private readonly lookUps = new EachOnce<boolean>();
  protected readonly busy = computed(() => this.lookUps.has(handleOf(typedUsername(this.query()))));
  private readonly found = findPeople(this.query);
  protected readonly options = computed(() => {
    const taken = new UserSet(this.taken());
    if (this.typedName() === '') return [];
    return this.found
      .people()
      .filter(({ username }) => !taken.has(username))
      .slice(0, SHOWN);
  });
  /** Nobody is chosen until the arrow keys do: Enter takes the username that was typed. */
  protected readonly box = new ListBox(
    `${this.id}-options`,
    computed(() => this.options().map(({ username }) => username)),
    true,
  );
  protected readonly note = computed(() => this.error() || this.found.failure() || this.hint());
  private readonly input = viewChild.required<ElementRef<HTMLInputElement>>('input');

  focus(): void {
    this.input().nativeElement.focus();
  }

  /**
   * Picks what was typed and not confirmed, and waits for the names that are looked up; whether all were
   * picked.
   */
  async finish(): Promise<boolean> {
    const typed = this.query().trim() === '' || this.take();
    const picked = await this.lookUps.all();
    return (await typed) && picked.every(Boolean);
  }

  /** What is typed and not picked yet. */
  typedName(): string {
    return typedUsername(this.query());
  }

  protected typed(value: string): void {
    this.query.set(value);
    this.box.choose(null);
    this.error.set('');
  }

  protected key(event: KeyboardEvent): void {
    if (composes(event) || event.defaultPrevented || event.key !== 'Enter') return;
    event.preventDefault();
    void this.take();
  }

  /** Picks this person, or whoever has the username that was typed; whether it could. */
  protected async take(person?: Acquaintance): Promise<boolean> {
    const username = person?.username ?? typedUsername(this.query());
    if (username === '') return this.complain($localize`Whom do you want to add?`);
    if (sameUser(username, this.store.me)) return this.complain($localize`You are part of it anyway.`);
    const name = '@' + username;
    if (hasUser(this.taken(), username)) return this.complain($localize`${name}:username: is there already.`);
    // Now, not with the answer: one may be in another field by then.
    this.focus();
    return this.lookUps.begin(handleOf(username), () => this.lookUp(username, person));
  }

  private async lookUp(username: string, known?: Acquaintance): Promise<boolean> {
    const query = this.query();
    try {
      this.pick.emit(known ?? (await this.api.user(username)));
      // The next name may be there by now.
      if (this.query() === query) this.clear();
      return true;
    } catch (error) {
      return this.complain(
        error instanceof Failure && error.code === 'not_found'
          ? $localize`Nobody here is called ${'@' + username}:username:. Check the spelling.`
          : explain(error),
      );
    }
  }

  private complain(complaint: string): false {
    this.error.set(complaint);
    this.focus();
    return false;
  }

  private clear(): void {
    this.typed('');
    this.input().nativeElement.value = '';
  }
}
