import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Groups } from '../../data/groups/groups';
import { PresenceStore } from '../../data/live/presence-store';
import { Blocks } from '../../data/people/blocks';
import { Faces } from '../../data/people/faces';
import type { Conversation, User } from '../../protocol/protocol';
import { conversation } from '../../testing/conversation';
import { HeldCall, Shown } from '../../testing/pressed';
import { PersonCard } from './person-card';

const member = (username: string, displayName: string) =>
  ({ username, displayName, role: 'member', deliveredSeq: 0, readSeq: 0 }) as const;
const crew = conversation({
  id: 'crew',
  kind: 'group',
  title: 'Crew',
  members: [member('Ann', 'Ann'), member('Bob', 'Bob Known')],
});
let user: HeldCall<User>;
const watchAlso = vi.fn();

beforeEach(() => {
  user = new HeldCall();
  watchAlso.mockClear();
  const presences$ = new BehaviorSubject(new Map([['Bob', { username: 'Bob', online: true }]]));
  const conversations$ = new BehaviorSubject<Conversation[]>([crew]);
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      provideRouter([{ path: '**', children: [] }]),
      { provide: Faces, useValue: { know: () => undefined } },
      { provide: Api, useValue: { user: user.call } },
      { provide: ConversationStore, useValue: { me: 'Ann', conversations$ } },
      { provide: Groups, useValue: {} },
      { provide: Blocks, useValue: { blocked$: new BehaviorSubject(new Set()) } },
      { provide: PresenceStore, useValue: { presences$, watchAlso } },
    ],
  });
});

describe('the card of a person', () => {
  it('shows what is known at once, then what the server says', async () => {
    const card = await Shown.of(PersonCard, { username: 'bOB' });
    expect(await card.text()).toContain('Bob Known');
    expect(await card.text()).toContain('@Bob');
    expect(await card.text()).toContain('online');
    expect(await card.text()).toContain('Crew');
    await user.answer({ username: 'Bob', displayName: 'Robert', createdAt: '' });
    expect(await card.text()).toContain('Robert');
  });

  it('stays with what is known where the server does not answer', async () => {
    const card = await Shown.of(PersonCard, { username: 'bob' });
    await user.refuse(new Failure(null));
    expect(await card.text()).toContain('Bob Known');
  });

  it('leads to the conversation, at the address in their own spelling', async () => {
    const card = await Shown.of(PersonCard, { username: 'bob' });
    await card.press('Message');
    expect(TestBed.inject(Router).url).toBe('/@Bob');
  });

  it('watches their presence for as long as it is open', async () => {
    const card = await Shown.of(PersonCard, { username: 'bob' });
    card.leave();
    expect(watchAlso.mock.calls).toEqual([['bob'], [null]]);
  });

  it('of oneself offers no block', async () => {
    const card = await Shown.of(PersonCard, { username: 'ann' });
    expect(await card.text()).not.toContain('Block');
    expect(await card.text()).toContain('Write to yourself');
  });
});
