import { signal } from '@angular/core';
import { expect, it } from 'vitest';

import { timeline } from '../../data/messages/timeline';
import { message } from '../../testing/conversation';
import { Selecting } from './selecting';

const waiting = { clientId: 'w', receiver: 'bob', text: 'waits', writtenAt: 0 };
const said = (...messages: ReturnType<typeof message>[]) => timeline(messages, [waiting], 'ann', []);

it('has what was chosen in the order of the chat, without what is gone or not stored', () => {
  const entries = signal(said(message(1, 'bob'), message(2, 'ann'), message(3, 'bob')));
  const selecting = new Selecting(entries);
  expect(selecting.active()).toBe(false);
  for (const entry of [...entries()].reverse()) selecting.toggle(entry);
  const chosen = () => selecting.chosen().map(({ text }) => text);
  expect(chosen()).toEqual(['text 1', 'text 2', 'text 3']);
  entries.set(said(message(1, 'bob', { deletedAt: 'now' }), message(2, 'ann'), message(3, 'bob')));
  expect(chosen()).toEqual(['text 2', 'text 3']);
  for (const entry of entries()) selecting.toggle(entry);
  // Nothing is chosen, and one still selects.
  expect(chosen()).toEqual([]);
  expect(selecting.active()).toBe(true);
  selecting.end();
  expect(selecting.active()).toBe(false);
});
