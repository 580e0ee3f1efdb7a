import {
  afterNextRender,
  Component,
  computed,
  DestroyRef,
  type ElementRef,
  inject,
  Injector,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { Router } from '@angular/router';

import { findUser, handleOf, withoutUser } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import { list } from '../../core/language/list';
import type { Acquaintance } from '../../data/people/acquaintances';
import { Groups } from '../../data/groups/groups';
import type { ConversationId } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Presses } from '../../ui/presses';
import { MemberPicker } from './member-picker';

/** Asks for a name and for members, begins the group and goes to it. */
@Component({
  selector: 'aldis-new-group',
  imports: [Avatar, Dialog, Field, Icon, MemberPicker],
  template: `
    <aldis-dialog heading="New group" i18n-heading (closed)="closed.emit()">
      @if (begun(); as group) {
        <p role="status">{{ group.invited }}</p>
        <button #open type="button" class="button" (click)="go(group.id)">{{ words.open }}</button>
      } @else {
        <form novalidate (submit)="$event.preventDefault(); submit()">
          <aldis-field #field label="Group name" i18n-label name="title" autocomplete="off" />
          <aldis-member-picker
            #picker
            label="Members"
            i18n-label
            hint="Type a name, or a username and Enter."
            i18n-hint
            [taken]="usernames()"
            (pick)="add($event)"
          />
          @if (members().length > 0) {
            <ul class="picked" aria-label="Picked members" i18n-aria-label>
              @for (person of members(); track person.username) {
                <li>
                  <button
                    type="button"
                    class="chip"
                    [attr.aria-label]="words.remove(person.displayName)"
                    (click)="drop(person)"
                  >
                    <aldis-avatar [name]="person.displayName" [username]="person.username" />
                    <span class="chip-name" dir="auto">{{ person.displayName }}</span>
                    <aldis-icon name="close" />
                  </button>
                </li>
              }
            </ul>
          }
          @if (failure()) {
            <p class="form-error" role="alert">{{ failure() }}</p>
          }
          <button type="submit" class="button" [attr.aria-disabled]="busy()">
            {{ busy() ? words.creating : words.create }}
          </button>
        </form>
      }
    </aldis-dialog>
  `,
})
export class NewGroup {
  protected readonly words = {
    open: $localize`Open the group`,
    remove: (name: string) => $localize`Remove ${name}:name:`,
    create: $localize`Create group`,
    creating: $localize`Creating…`,
  };
  private readonly groups = inject(Groups);
  private readonly router = inject(Router);
  private readonly destroyed = inject(DestroyRef);
  readonly closed = output();

  protected readonly members = signal<readonly Acquaintance[]>([]);
  protected readonly usernames = computed(() => this.members().map(({ username }) => username));
  private readonly presses = new Presses(this.destroyed);
  protected readonly busy = this.presses.busy;
  protected readonly failure = signal('');
  /** The group, where some of those who were picked are only invited. */
  protected readonly begun = signal<{ readonly id: ConversationId; readonly invited: string } | null>(null);
  private readonly openButton = viewChild<ElementRef<HTMLElement>>('open');
  private readonly injector = inject(Injector);
  private readonly field = viewChild.required<Field>('field');
  private readonly picker = viewChild.required<MemberPicker>('picker');
  private readonly dialog = viewChild.required(Dialog);

  constructor() {
    afterNextRender(() => this.field().focus());
  }

  protected add(person: Acquaintance): void {
    this.members.update((members) => [...members, person]);
  }

  protected drop({ username }: Acquaintance): void {
    this.members.update((members) => withoutUser(members, username));
    this.picker().focus();
  }

  protected submit(): void {
    const field = this.field();
    if (!field.require($localize`What is the group called?`)) return field.focus();
    const members = [...this.usernames(), this.picker().typedName()].map(handleOf).filter(Boolean);
    this.presses.press([field.value(), [...new Set(members)].toSorted()], () => this.create());
  }

  private async create(): Promise<boolean> {
    this.field().error.set('');
    this.failure.set('');
    // A name that was typed and not confirmed is meant, too. No group is, once the dialog was closed.
    if (!(await this.picker().finish()) || this.destroyed.destroyed) return false;
    try {
      const { id, invited } = await this.groups.create(this.field().value(), this.usernames());
      // Whoever closed it has gone on: the group is in the list.
      if (this.destroyed.destroyed) return true;
      if (invited) {
        this.begun.set({ id, invited: this.asked(invited) });
        afterNextRender(() => this.openButton()?.nativeElement.focus(), { injector: this.injector });
      } else await this.go(id);
      return true;
    } catch (error) {
      this.explain(error);
      return error instanceof Failure && error.code === 'unreachable';
    }
  }

  protected async go(id: ConversationId): Promise<void> {
    this.dialog().close();
    await this.router.navigate(['/c', id]);
  }

  /** Who has to accept before they are members. */
  private asked(invited: readonly string[]): string {
    const names = invited.map((username) => findUser(this.members(), username)?.displayName ?? username);
    return names.length === 1
      ? $localize`${names[0]}:name: is invited and has to accept.`
      : $localize`${list(names)}:names: are invited and have to accept.`;
  }

  private explain(error: unknown): void {
    const at = error instanceof Failure ? error.problem?.field : undefined;
    if (at === 'title') {
      this.field().error.set(explain(error));
      this.field().focus();
    } else if (at === 'members') {
      this.picker().error.set(explain(error));
      this.picker().focus();
    } else {
      this.failure.set(explain(error));
    }
  }
}
