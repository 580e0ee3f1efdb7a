import { signal, type WritableSignal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { KeptMessages } from '../../core/disk/kept-messages';
import { Failure } from '../../core/http/problem';
import type { Hit, Page, Problem } from '../../protocol/protocol';
import { conversation, message } from '../../testing/conversation';
import { ConversationStore } from '../conversations/conversation-store';
import type { Asked } from './asked';
import { findMessages, type FoundMessages } from './find-messages';

const hit = (id: string) => ({ message: { id }, fragment: id }) as Hit;
let calls: string[];
let answer: (query: string, next: string | null) => Promise<Page<Hit>>;
let asked: WritableSignal<Asked>;
let found: FoundMessages;

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  answer = (query, next) =>
    Promise.resolve(next ? { items: [hit(`${query} 2`)] } : { items: [hit(`${query} 1`)], next: 'on' });
  const call = (_method: string, path: string) => {
    const parameters = new URLSearchParams(path.split('?')[1]);
    calls.push([...parameters.values()].join(' '));
    return answer(parameters.get('q')!, parameters.get('next'));
  };
  asked = signal<Asked>({ query: '' });
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: Api, useValue: { call } },
      { provide: KeptMessages, useValue: { messages: () => Promise.resolve([message(3, 'bob')]) } },
      { provide: ConversationStore, useValue: { items: [conversation()] } },
    ],
  });
  found = TestBed.runInInjectionContext(() => findMessages(asked));
});

afterEach(() => vi.useRealTimers());

async function look(query: string, more: Omit<Asked, 'query'> = {}, pause = 300): Promise<void> {
  asked.set({ query, ...more });
  TestBed.tick();
  await vi.advanceTimersByTimeAsync(pause);
}
const hits = () => found.hits().map(({ message }) => message.id);

describe('searching', () => {
  it('asks when the person pauses, and shows page after page', async () => {
    for (const query of ['t', 'ti', 'tide ']) await look(query, {}, 0);
    expect(found.looking()).toBe(true);
    await look('tide ');
    expect(calls).toEqual(['tide']);
    expect([hits(), found.looking(), found.more()]).toEqual([['tide 1'], false, true]);
    await found.readOn();
    await found.readOn();
    expect(calls).toEqual(['tide', 'tide on']);
    expect([hits(), found.more()]).toEqual([['tide 1', 'tide 2'], false]);
  });

  it('forgets an answer that comes after another question', async () => {
    let late: ((page: Page<Hit>) => void) | undefined;
    answer = (query) =>
      query === 'slow' ? new Promise((done) => (late = done)) : Promise.resolve({ items: [hit(query)] });
    await look('slow');
    await look('fast');
    late?.({ items: [hit('slow')] });
    await vi.advanceTimersByTimeAsync(0);
    expect(hits()).toEqual(['fast']);
  });

  it('looks again where the place changes, and not where nothing does', async () => {
    await look('tide');
    await look('tide ');
    await look('tide', { within: 'c' });
    expect(calls).toEqual(['tide', 'tide c']);
  });

  it('is narrowed to a person and a time', async () => {
    const after = new Date('2026-03-01T00:00:00Z');
    await look('tide', { from: 'Bob', after });
    expect(calls).toEqual(['tide Bob 2026-03-01T00:00:00.000Z']);
  });

  it('reads on where a page is empty and is not the last', async () => {
    answer = (query, next) =>
      Promise.resolve(next === 'two' ? { items: [hit(query)] } : { items: [], next: next ? 'two' : 'one' });
    await look('tide');
    expect(calls).toEqual(['tide', 'tide one', 'tide two']);
    expect([hits(), found.more()]).toEqual([['tide'], false]);
    answer = () => Promise.resolve({ items: [], next: 'on' });
    await look('ebb');
    expect([calls.length, found.more()]).toEqual([7, true]);
  });

  it('finds what is kept on this device where the server is not reached, and all once it is', async () => {
    const well = answer;
    answer = () => Promise.reject(new Failure(null));
    await look('text');
    expect([hits(), found.more()]).toEqual([['m3'], false]);
    expect(found.failure()).toContain('only what is kept on this device');
    answer = well;
    await found.readOn();
    expect([hits(), found.failure()]).toEqual([['text 1'], '']);
  });

  it('finds nothing for nothing, and for no words', async () => {
    await look('tide');
    await look(' ');
    expect([hits(), found.looking()]).toEqual([[], false]);
    answer = () => Promise.reject(new Failure({ code: 'invalid' } as Problem));
    await look('…');
    expect([hits(), found.looking(), found.failure()]).toEqual([[], false, '']);
  });

  it('says what failed, and tries again', async () => {
    const well = answer;
    answer = () => Promise.reject(new Failure({ code: 'overloaded', detail: 'Overloaded' } as Problem));
    await look('tide');
    expect(found.failure()).toBe('Overloaded');
    answer = well;
    await found.readOn();
    expect([hits(), found.failure()]).toEqual([['tide 1'], '']);
    answer = () => Promise.reject(new Failure(null));
    await found.readOn();
    expect([hits(), found.more()]).toEqual([['tide 1'], true]);
    expect(found.failure()).toContain('cannot be reached');
    answer = well;
    await found.readOn();
    expect(hits()).toEqual(['tide 1', 'tide 2']);
  });
});
