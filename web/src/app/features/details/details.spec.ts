import { signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { BehaviorSubject } from 'rxjs';
import { expect, it } from 'vitest';

import { Api } from '../../core/api/api';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Groups } from '../../data/groups/groups';
import { Faces } from '../../data/people/faces';
import type { Conversation, User } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { Wide } from '../../ui/wide';
import { Details } from './details';

const group = (id: string): Conversation => ({
  id,
  kind: 'group',
  title: `Group ${id}`,
  history: 'joined',
  createdAt: '',
  headSeq: 0,
  memberCount: 0,
  unread: 0,
  muted: false,
  members: [{ username: 'ann', displayName: 'Ann', role: 'owner', deliveredSeq: 0, readSeq: 0 }],
});

it('what is begun in one group does not go on in another', async () => {
  const [found, put] = [new HeldCall<User>(), new HeldCall<void>()];
  TestBed.configureTestingModule({
    providers: [
      provideRouter([]),
      { provide: Faces, useValue: { know: () => undefined } },
      { provide: Api, useValue: { user: found.call } },
      { provide: ConversationStore, useValue: { me: 'ann', conversations$: new BehaviorSubject([]) } },
      { provide: Groups, useValue: { put: put.call } },
      { provide: Wide, useValue: { wide: signal(true) } },
    ],
  });
  const details = await Shown.of(Details, { conversation: group('a'), title: 'Group a' });
  await details.fillIn('input[role="combobox"]', 'bob');
  await details.enter('input[role="combobox"]');
  await details.press('Rename');
  expect(found.asked).toEqual([['bob']]);
  await details.give('conversation', group('b'));
  expect(await details.text()).not.toContain('Cancel');
  await found.answer({ username: 'bob', displayName: 'Bob' } as User);
  expect(put.asked).toEqual([]);
});
