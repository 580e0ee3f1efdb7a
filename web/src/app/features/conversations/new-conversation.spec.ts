import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, describe, expect, it } from 'vitest';

import { Api } from '../../core/api/api';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { Faces } from '../../data/people/faces';
import type { User } from '../../protocol/protocol';
import { conversation } from '../../testing/conversation';
import { HeldCall, Shown } from '../../testing/pressed';
import { NewConversation } from './new-conversation';

const user = (username: string): User => ({ username, displayName: username, createdAt: '' });
let lookedUp: HeldCall<User>;

beforeEach(() => {
  lookedUp = new HeldCall();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      provideRouter([{ path: '**', children: [] }]),
      { provide: Faces, useValue: { know: () => undefined } },
      { provide: Api, useValue: { user: lookedUp.call } },
      {
        provide: ConversationStore,
        useValue: {
          me: 'ann',
          conversations$: new BehaviorSubject([conversation()]),
          resolve: () => Promise.resolve(undefined),
        },
      },
    ],
  });
});

describe('a new conversation', () => {
  it('is with the person who was typed last', async () => {
    const form = await Shown.of(NewConversation);
    await form.fill('receiver', 'bob');
    await form.submit();
    await form.submit();
    await form.fill('receiver', 'bobby');
    await form.submit();
    await lookedUp.answer(user('bob'));
    expect(TestBed.inject(Router).url).toBe('/');
    await lookedUp.answer(user('bobby'));
    expect(lookedUp.asked).toEqual([['bob'], ['bobby']]);
    expect(TestBed.inject(Router).url).toBe('/@bobby');
  });

  it('is with the person who was chosen, whoever was typed before', async () => {
    const form = await Shown.of(NewConversation);
    await form.fill('receiver', 'bo');
    await form.submit();
    await form.press('@bob');
    expect(TestBed.inject(Router).url).toBe('/@bob');
  });

  it('is not begun once the dialog is closed', async () => {
    const form = await Shown.of(NewConversation);
    await form.fill('receiver', 'bob');
    await form.submit();
    form.leave();
    await lookedUp.answer(user('bob'));
    expect(TestBed.inject(Router).url).toBe('/');
  });
});
