import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { ConversationStore } from '../../data/conversations/conversation-store';
import { ExcerptReads } from '../../data/messages/excerpt-reads';
import { SearchStore } from '../../data/search/search-store';
import type { Conversation, Hit } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { Search } from './search';

const hit = (id: string): Hit =>
  ({
    fragment: `in ${id}`,
    message: { id: `m-${id}`, conversationId: id, seq: 1, sender: 'bob', timestamp: '2026-01-01T00:00:00Z' },
  }) as Hit;
const group = (id: string): Conversation =>
  ({ id, kind: 'group', title: id, members: [] }) as unknown as Conversation;
let known: Conversation[];
let fetched: HeldCall<void>;

beforeEach(() => {
  known = [group('near')];
  fetched = new HeldCall();
  vi.stubGlobal('matchMedia', () => ({ matches: false }));
  const state = {
    open: true,
    opened: 1,
    within: null,
    query: 'in',
    hits: [hit('far'), hit('near')],
    answered: 'in',
    loading: false,
    failure: null,
  };
  const store = {
    me: 'ann',
    conversations$: new BehaviorSubject(known),
    find: (id: string) => known.find((one) => one.id === id),
    fetch: fetched.call,
  };
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      provideRouter([{ path: '**', children: [] }]),
      { provide: SearchStore, useValue: { state$: new BehaviorSubject(state) } },
      { provide: ConversationStore, useValue: store },
      { provide: ExcerptReads, useValue: { go: vi.fn() } },
    ],
  });
});

describe('what was found', () => {
  it('is gone to as it was chosen last', async () => {
    const search = await Shown.of(Search);
    await search.press('in far');
    await search.press('in near');
    expect(TestBed.inject(Router).url).toBe('/c/near');
    known.push(group('far'));
    await fetched.answer();
    await fetched.answer();
    expect(TestBed.inject(Router).url).toBe('/c/near');
  });
});
