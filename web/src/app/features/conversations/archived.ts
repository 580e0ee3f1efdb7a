import { Component, input, type Signal, signal } from '@angular/core';

import { plural } from '../../core/language/plural';
import { Avatar } from '../../ui/avatar';
import { Icon } from '../../ui/icon';
import type { Row } from './rows';

/** The list that these are part of: it knows them, and what one may do with a row. */
interface Rows {
  readonly archived: Signal<readonly Row[]>;
  readonly here: Signal<string | undefined>;
  follow(event: MouseEvent, address: string): void;
  contextMenu(event: MouseEvent, row: Row): void;
  key(event: KeyboardEvent, row: Row): void;
  time(time: Date): string;
}

/** The conversations that the person archived, behind the others, and closed until they are wanted. */
@Component({
  selector: 'aldis-archived',
  imports: [Avatar, Icon],
  template: `
    <button type="button" class="archived" [attr.aria-expanded]="open()" (click)="open.set(!open())">
      <aldis-icon name="archive" /><span class="archived-name">{{ words.archived }}</span>
      <span class="archived-count">{{ list().archived().length }}</span>
      <aldis-icon name="down" />
    </button>
    @if (open()) {
      <ul aria-label="Archived" i18n-aria-label>
        @for (row of list().archived(); track row.key) {
          <li>
            @let address = row.link.join('/');
            @let here = address === list().here();
            <a
              class="row"
              [href]="address"
              [class.chosen]="here"
              [attr.aria-current]="here ? 'page' : null"
              [class.unread]="row.unread > 0 || row.marked"
              [attr.data-row]="row.key"
              (click)="list().follow($event, address)"
              (contextmenu)="list().contextMenu($event, row)"
              (keydown)="list().key($event, row)"
            >
              <aldis-avatar [name]="row.title" [username]="row.username" [group]="row.group" />
              <span class="row-title">
                <span class="row-name" dir="auto">{{ row.title }}</span>
                @if (row.muted) {
                  <aldis-icon name="muted" /><span class="unseen">{{ words.muted }}</span>
                }
              </span>
              <time class="row-time" [attr.datetime]="row.time.toISOString()">{{
                list().time(row.time)
              }}</time>
              <span class="row-preview">
                <span class="row-text" dir="auto">{{ row.preview }}</span>
              </span>
              @if (row.unread > 0) {
                <span class="badge muted">
                  <span aria-hidden="true">{{ row.unread }}</span>
                  <span class="unseen">{{ unread(row.unread) }}</span>
                </span>
              }
            </a>
          </li>
        }
      </ul>
    }
  `,
})
export class Archived {
  protected readonly words = { archived: $localize`Archived`, muted: $localize`, muted` };
  readonly list = input.required<Rows>();

  protected readonly open = signal(false);

  protected unread(count: number): string {
    return plural(count, $localize`{count, plural, one {# unread} other {# unread}}`);
  }
}
