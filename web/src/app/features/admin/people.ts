import { Component, inject, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { Clock } from '../../core/clock';
import { sameUser } from '../../core/handle';
import { lastSeenTime } from '../../core/format/time';
import { Faces } from '../../data/people/faces';
import type { AdminUser, Page } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { Field } from '../../ui/field';
import { ResourceState } from '../settings/resource';
import { More, Paged } from './paged';
import { Person } from './person';

/** Everybody with an account on the server. */
@Component({
  selector: 'aldis-admin-people',
  imports: [Avatar, Field, More, Person, ResourceState],
  template: `
    <aldis-field
      label="Name, username or e-mail"
      i18n-label
      name="person"
      autocomplete="off"
      (typed)="look($event)"
    />
    <aldis-resource [what]="found" />
    @if (found.value(); as page) {
      <ul>
        @for (person of page.items; track person.username) {
          <li class="settings-line">
            <aldis-avatar [name]="person.displayName" [username]="person.username" />
            <span class="settings-text">
              <bdi>{{ person.displayName }}</bdi>
              @for (mark of marks(person); track mark) {
                <span class="admin-mark">{{ mark }}</span>
              }
              <span class="settings-note">
                <bdi>{{ '@' + person.username }}</bdi>
                @if (person.email) {
                  · <bdi>{{ person.email }}</bdi>
                }
                · {{ seen(person) }}
              </span>
            </span>
            <button
              type="button"
              class="button quiet"
              [attr.aria-label]="words.manageOf(person.username)"
              (click)="managed.set(person)"
            >
              {{ words.manage }}
            </button>
          </li>
        } @empty {
          <li class="settings-note">{{ words.nobody }}</li>
        }
      </ul>
      <aldis-more [of]="found" />
    }
    @if (managed(); as person) {
      <aldis-admin-person [person]="person" (changed)="changed($event)" (closed)="managed.set(null)" />
    }
  `,
})
export class People {
  protected readonly words = {
    manage: $localize`Manage`,
    manageOf: (name: string) => $localize`Manage ${name}:username:`,
    nobody: $localize`Nobody found whose name or address begins so.`,
  };
  private readonly api = inject(Api);
  private readonly faces = inject(Faces);
  private readonly now = inject(Clock).day;

  private query = '';
  protected readonly found = new Paged((next) => this.page(next));
  protected readonly managed = signal<AdminUser | null>(null);

  protected look(query: string): void {
    this.query = query.trim();
    void this.found.again();
  }

  /** What is as usual has no mark. */
  protected marks({ role, disabled, deleted, verified }: AdminUser): string[] {
    if (deleted) return [$localize`Deleted`];
    return [
      ...(role === 'admin' ? [$localize`Admin`] : []),
      ...(disabled ? [$localize`Shut out`] : []),
      ...(verified ? [] : [$localize`Not verified`]),
    ];
  }

  protected seen({ lastSeenAt }: AdminUser): string {
    return lastSeenAt ? lastSeenTime(new Date(lastSeenAt), this.now()) : $localize`never seen`;
  }

  protected changed(person: AdminUser): void {
    this.managed.set(person);
    this.found.change((people) =>
      people.map((one) => (sameUser(one.username, person.username) ? person : one)),
    );
  }

  private async page(next?: string): Promise<Page<AdminUser>> {
    const query = new URLSearchParams({ query: this.query, ...(next && { next }) });
    const page = await this.api.call<Page<AdminUser>>('GET', `/admin/users?${query}`);
    this.faces.know(page.items);
    return page;
  }
}
