import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Failure } from '../../core/http/problem';
import type { Hit, Page, Problem } from '../../protocol/protocol';
import { SearchPanel } from './search-panel';
import { type Searching, SearchStore } from './search-store';

const hit = (id: string) => ({ message: { id }, fragment: id }) as Hit;
let asked: string[];
let answer: (query: string, next?: string) => Promise<Page<Hit>>;
let panel: SearchPanel;
let store: SearchStore;
let state: Searching;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  answer = (query, next) =>
    Promise.resolve(next ? { items: [hit(`${query} 2`)] } : { items: [hit(`${query} 1`)], next: 'on' });
  const search = (query: string, within: string | null, next?: string) => {
    asked.push([query, within, next].filter(Boolean).join(' '));
    return answer(query, next);
  };
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: Api, useValue: { search } }] });
  panel = TestBed.inject(SearchPanel);
  store = TestBed.inject(SearchStore);
  store.state$.subscribe((now) => (state = now));
  panel.open(null);
});

afterEach(() => vi.useRealTimers());

const pause = () => vi.advanceTimersByTimeAsync(300);
const found = () => state.hits.map(({ message }) => message.id);

describe('searching', () => {
  it('asks when the person pauses, and shows page after page', async () => {
    for (const query of ['t', 'ti', 'tide ']) store.look(query);
    expect(state.loading).toBe(true);
    await pause();
    expect(asked).toEqual(['tide']);
    expect(found()).toEqual(['tide 1']);
    expect(state).toMatchObject({ loading: false, answered: 'tide', next: 'on' });
    await store.more();
    await store.more();
    expect(asked).toEqual(['tide', 'tide on']);
    expect(found()).toEqual(['tide 1', 'tide 2']);
  });

  it('forgets an answer that comes after another question', async () => {
    let late: ((page: Page<Hit>) => void) | undefined;
    answer = (query) =>
      query === 'slow' ? new Promise((done) => (late = done)) : Promise.resolve({ items: [hit(query)] });
    store.look('slow');
    await pause();
    store.look('fast');
    await pause();
    late?.({ items: [hit('slow')] });
    await pause();
    expect(found()).toEqual(['fast']);
  });

  it('looks again where the place changes, and not where nothing does', async () => {
    store.look('tide');
    await pause();
    store.look('tide ');
    await pause();
    panel.open('c');
    await pause();
    expect(asked).toEqual(['tide', 'tide c']);
  });

  it('shows nothing for nothing, for no words, and after it was closed', async () => {
    store.look('tide');
    await pause();
    store.look(' ');
    expect(state).toMatchObject({ hits: [], answered: null, loading: false });
    answer = () => Promise.reject(new Failure({ code: 'invalid' } as Problem));
    store.look('…');
    await pause();
    expect(state).toMatchObject({ hits: [], answered: '…', failure: null });
    panel.close();
    expect(state).toMatchObject({ open: false, query: '', hits: [], answered: null });
  });

  it('says what failed, and tries again', async () => {
    const well = answer;
    answer = () => Promise.reject(new Failure(null));
    store.look('tide');
    await pause();
    expect(state.failure).toContain('cannot be reached');
    answer = well;
    await store.again();
    expect(state.failure).toBeNull();
    expect(found()).toEqual(['tide 1']);
  });
});
