import { signal, type WritableSignal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import { Faces } from './faces';
import type { Page, User } from '../../protocol/protocol';
import { conversation } from '../../testing/conversation';
import { ConversationStore } from '../conversations/conversation-store';
import { findPeople, type FoundPeople } from './find-people';

const user = (username: string, displayName = username) => ({ username, displayName, createdAt: '' }) as User;
let answers: Record<string, Page<User> | Failure>;
let asked: string[];
let typed: WritableSignal<string>;
let found: FoundPeople;

const call = (_method: string, path: string) => {
  const query = decodeURIComponent(path.split('?')[1]!);
  asked.push(query);
  const answer = answers[query] ?? { items: [] };
  return answer instanceof Failure ? Promise.reject(answer) : Promise.resolve(answer);
};
const names = () => found.people().map(({ username }) => username);
async function type(text: string, pause = 300): Promise<void> {
  typed.set(text);
  TestBed.tick();
  await vi.advanceTimersByTimeAsync(pause);
}

beforeEach(() => {
  vi.useFakeTimers();
  answers = {};
  asked = [];
  typed = signal('');
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Faces, useValue: { know: () => undefined } },
      { provide: Api, useValue: { call } },
      {
        provide: ConversationStore,
        useValue: { me: 'Ann', conversations$: new BehaviorSubject([conversation()]) },
      },
    ],
  });
  found = TestBed.runInInjectionContext(() => findPeople(typed));
});

afterEach(() => vi.useRealTimers());

describe('people', () => {
  it('one knows are there before anything is typed, and nobody is asked', async () => {
    await type('');
    await type('b');
    expect(names()).toEqual(['bob']);
    expect(asked).toEqual([]);
  });

  it('are asked for in a pause, once, and those one knows come first, each once', async () => {
    answers['query=bo'] = { items: [user('Bob'), user('Boris'), user('ann')] };
    await type('b', 50);
    await type('@bo', 50);
    expect(names()).toEqual(['bob']);
    expect(found.looking()).toBe(true);
    await type('@bo');
    expect(asked).toEqual(['query=bo']);
    expect(names().slice(1)).toEqual(['Boris']);
    expect(found.looking()).toBe(false);
  });

  it('are those of the text that was typed last', async () => {
    answers['query=ca'] = { items: [user('Cat')] };
    answers['query=da'] = { items: [user('Dan')] };
    await type('ca', 250);
    await type('da');
    expect(names()).toEqual(['Dan']);
  });

  it('may be on a later page, of which only so many are read', async () => {
    answers['query=ev'] = { items: [], next: 'two' };
    answers['query=ev&next=two'] = { items: [user('Eve')], next: 'three' };
    answers['query=ev&next=three'] = { items: [], next: 'two' };
    await type('ev');
    expect(names()).toEqual(['Eve']);
    expect(asked).toHaveLength(4);
  });

  it('are those one knows without a connection, which is said', async () => {
    answers['query=bo'] = new Failure(null);
    await type('bo');
    expect(names()).toEqual(['bob']);
    expect(found.failure()).toContain('No connection');
    answers = { 'query=bo': { items: [user('Boris')] } };
    found.again();
    await type('bo');
    expect([names(), found.failure()]).toEqual([['bob', 'Boris'], '']);
    await type('b');
    expect(found.failure()).toBe('');
  });
});
