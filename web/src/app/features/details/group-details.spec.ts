import { TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Groups } from '../../data/groups/groups';
import type { Conversation, Problem } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { GroupDetails } from './group-details';

const group: Conversation = {
  id: 'g',
  kind: 'group',
  title: 'Crew',
  history: 'joined',
  createdAt: '',
  headSeq: 0,
  memberCount: 0,
  unread: 0,
  muted: false,
  members: [{ username: 'ann', displayName: 'Ann', role: 'owner', deliveredSeq: 0, readSeq: 0 }],
};
let changed: HeldCall<Conversation>;
let put: HeldCall<Conversation>;
let removed: HeldCall<Conversation>;
let listed: HeldCall<unknown>;

beforeEach(() => {
  [changed, put, removed, listed] = [new HeldCall(), new HeldCall(), new HeldCall(), new HeldCall()];
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      provideRouter([]),
      {
        provide: Api,
        useValue: {
          call: listed.call,
          user: (username: string) => Promise.resolve({ username, displayName: 'Bob' }),
        },
      },
      { provide: ConversationStore, useValue: { me: 'ann', conversations$: new BehaviorSubject([]) } },
      { provide: Groups, useValue: { change: changed.call, put: put.call, remove: removed.call } },
    ],
  });
});

it('what is taken back is not sent', async () => {
  const details = await Shown.of(GroupDetails, { group });
  await details.press('Rename');
  await details.fill('rename', 'Crews');
  await details.submit();
  await details.fill('rename', 'Night crew');
  await details.submit();
  await details.press('Cancel');
  await changed.answer(group);
  expect(changed.asked).toHaveLength(1);
});

it('whoever has to be asked is invited, listed, and can be taken back', async () => {
  const details = await Shown.of(GroupDetails, { group });
  await listed.answer({ items: [] });
  await details.fillIn('input[role="combobox"]', 'bob');
  await details.enter('input[role="combobox"]');
  await put.answer({ ...group, invited: ['Bob'] });
  expect(await details.text()).toContain('Bob is invited and has to accept.');
  await listed.answer({ items: [{ username: 'Bob', displayName: 'Bob', by: 'ann', createdAt: '' }] });
  await details.text();
  await details.press('Take back');
  await details.press('Take back');
  expect(removed.asked).toEqual([['g', 'Bob']]);
  await removed.answer(group);
  expect(await details.text()).not.toContain('Take back');
});

it('an invitation that was declined meanwhile is gone without a failure', async () => {
  const details = await Shown.of(GroupDetails, { group });
  await listed.answer({ items: [{ username: 'Bob', displayName: 'Bob', by: 'ann', createdAt: '' }] });
  await details.text();
  await details.press('Take back');
  await removed.refuse(new Failure({ code: 'not_found', detail: 'There is no such member.' } as Problem));
  await listed.answer({ items: [] });
  expect(await details.text()).not.toMatch(/Take back|no such/);
});

describe('pressed again before the answer', () => {
  it('a group gets the name that was typed last', async () => {
    const details = await Shown.of(GroupDetails, { group });
    await details.press('Rename');
    await details.fill('rename', 'Crews');
    await details.submit();
    await details.submit();
    await details.fill('rename', 'Night crew');
    await details.submit();
    await changed.answer(group);
    expect(changed.asked).toEqual([
      ['g', { title: 'Crews' }],
      ['g', { title: 'Night crew' }],
    ]);
    await changed.refuse(new Failure({ code: 'invalid', detail: 'Not that.' } as Problem));
    expect(await details.text()).toContain('Not that.');
  });
});
