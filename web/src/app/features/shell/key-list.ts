import { Component, output } from '@angular/core';

import { Dialog } from '../../ui/dialog';
import { CONTROL } from '../../ui/shortcut';

/** What the keyboard does, by where one is. */
const KEYS: readonly { readonly where: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    where: 'Everywhere',
    keys: [
      [`${CONTROL} K`, 'Search people, groups and messages'],
      ['Alt ↑, Alt ↓', 'The conversation above or below'],
      [`${CONTROL} F`, 'Search in this conversation'],
      [`${CONTROL} ,`, 'Settings'],
      ['Esc', 'Stop replying or editing; to the end; back to the list'],
      ['?', 'This list'],
    ],
  },
  {
    where: 'Writing',
    keys: [
      ['Enter', 'Send, or break the line if you chose so in the settings'],
      [`${CONTROL} Enter`, 'Send'],
      ['Shift Enter', 'Break the line'],
      ['↑', 'In the empty field: edit your last message'],
      ['Ctrl ↑, Ctrl ↓', 'Reply to the message above or below'],
      [`${CONTROL} B, ${CONTROL} I`, 'Bold, italic'],
      [`${CONTROL} Shift X, ${CONTROL} E`, 'Struck through, code'],
      ['@, :', 'Name a member, an emoji'],
    ],
  },
  {
    where: 'On a message',
    keys: [
      ['↑, ↓, Home, End', 'To another message'],
      ['Enter', 'What can be done with it'],
      ['R', 'Reply, as a double click beside its words does'],
      ['E', 'Edit'],
      ['C', 'Copy its text'],
    ],
  },
];

/** The keys, in a dialog. */
@Component({
  selector: 'aldis-key-list',
  imports: [Dialog],
  template: `
    <aldis-dialog heading="Keys" (closed)="closed.emit()">
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
  protected readonly parts = KEYS;
}
