import { signal } from '@angular/core';
import { describe, expect, it } from 'vitest';

import type { MessageChanges } from '../../data/messages/message-changes';
import type { Entry } from '../../data/messages/timeline';
import type { Message } from '../../protocol/protocol';
import { HeldCall } from '../../testing/pressed';
import { Composing } from './composing';

const entry = (id: string) =>
  ({ key: id, own: true, text: id, message: { id, text: id } as Message }) as Entry;

describe('a change of a message', () => {
  it('that is stored does not end that of another, which was begun meanwhile', async () => {
    const edited = new HeldCall<void>();
    const composing = new Composing(signal([]), {
      edit: edited.call,
      forget: () => undefined,
    } as unknown as MessageChanges);
    const [first, second] = [entry('first'), entry('second')];
    composing.edit(first);
    void composing.save('First');
    composing.edit(second);
    await edited.answer();
    expect(composing.editing()).toBe(second);
    void composing.save('Second');
    await edited.answer();
    expect(composing.editing()).toBeNull();
  });
});
