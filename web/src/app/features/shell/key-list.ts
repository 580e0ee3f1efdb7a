import { Component, output } from '@angular/core';

import { Dialog } from '../../ui/dialog';
import { CONTROL } from '../../ui/shortcut';

/** The keys, in a dialog. */
@Component({
  selector: 'aldis-key-list',
  imports: [Dialog],
  template: `
    <aldis-dialog heading="Keys" i18n-heading (closed)="closed.emit()">
      <div class="key-list">
        @for (part of parts; track part.where) {
          <h3>{{ part.where }}</h3>
          <dl>
            @for (key of part.keys; track key[0]) {
              <div>
                <dt>
                  <kbd>{{ key[0] }}</kbd>
                </dt>
                <dd>{{ key[1] }}</dd>
              </div>
            }
          </dl>
        }
      </div>
    </aldis-dialog>
  `,
})
export class KeyList {
  readonly closed = output();
  /** What the keyboard does, by where one is. */
  protected readonly parts: readonly {
    readonly where: string;
    readonly keys: readonly (readonly [string, string])[];
  }[] = [
    {
      where: $localize`Everywhere`,
      keys: [
        [`${CONTROL} K`, $localize`Search people, groups and messages`],
        ['Alt ↑, Alt ↓', $localize`The conversation above or below`],
        [`${CONTROL} F`, $localize`Search in this conversation`],
        [`${CONTROL} ,`, $localize`Settings`],
        ['Esc', $localize`Stop replying or editing; to the end; back to the list`],
        ['?', $localize`This list`],
      ],
    },
    {
      where: $localize`Writing`,
      keys: [
        ['Enter', $localize`Send, or break the line if you chose so in the settings`],
        [`${CONTROL} Enter`, $localize`Send`],
        ['Shift Enter', $localize`Break the line`],
        ['↑', $localize`In the empty field: edit your last message`],
        ['Ctrl ↑, Ctrl ↓', $localize`Reply to the message above or below`],
        [`${CONTROL} B, ${CONTROL} I`, $localize`Bold, italic`],
        [`${CONTROL} Shift X, ${CONTROL} E`, $localize`Struck through, code`],
        ['@, :', $localize`Name a member, an emoji`],
      ],
    },
    {
      where: $localize`On a message`,
      keys: [
        ['↑, ↓, Home, End', $localize`To another message`],
        ['Enter', $localize`What can be done with it`],
        ['R', $localize`Reply, as a double click beside its words does`],
        ['E', $localize`Edit`],
        ['C', $localize`Copy its text`],
      ],
    },
  ];
}
