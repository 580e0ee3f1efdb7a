import { TestBed } from '@angular/core/testing';
import { provideRouter, Router } from '@angular/router';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, describe, expect, it, vi } from 'vitest';

import { Api } from '../../core/api/api';
import { Database } from '../../core/disk/database';
import { KeptMessages } from '../../core/disk/kept-messages';
import { Failure } from '../../core/http/problem';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { ExcerptReads } from '../../data/messages/excerpt-reads';
import { Outbox } from '../../data/outbox/outbox';
import { Faces } from '../../data/people/faces';
import { Names } from '../../data/people/names';
import { SearchPanel } from '../../data/search/search-panel';
import type { Conversation, Hit } from '../../protocol/protocol';
import { HeldCall, Shown } from '../../testing/pressed';
import { conversation } from '../../testing/conversation';
import { PICTURES } from '../../ui/avatar';
import { ListBox } from '../../ui/list-box';
import { Search } from './search';

const hit = (id: string): Hit =>
  ({
    fragment: `in ${id}`,
    message: { id: `m-${id}`, conversationId: id, seq: 1, sender: 'bob', timestamp: '2026-01-01T00:00:00Z' },
  }) as Hit;
const group = (id: string) => conversation({ id, kind: 'group', title: id });
let known: BehaviorSubject<Conversation[]>;
let fetched: HeldCall<void>;
let people: HeldCall<unknown>;
let messages: HeldCall<unknown>;
let panel: SearchPanel;
let box: ListBox;

beforeEach(() => {
  known = new BehaviorSubject([group('near'), conversation()]);
  [fetched, people, messages] = [new HeldCall(), new HeldCall(), new HeldCall()];
  const store = {
    me: 'ann',
    conversations$: known,
    items: [],
    find: (id: string) => known.value.find((one) => one.id === id),
    fetch: fetched.call,
  };
  const call = (_method: string, path: string) => (path.startsWith('/api/users') ? people : messages).call();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      provideRouter([{ path: '**', children: [] }]),
      { provide: Api, useValue: { call } },
      {
        provide: Database,
        useValue: { read: () => Promise.resolve(['c']) },
      },
      { provide: KeptMessages, useValue: { messages: () => Promise.resolve([]) } },
      { provide: ConversationStore, useValue: store },
      { provide: Outbox, useValue: { pending$: new BehaviorSubject([]) } },
      { provide: Faces, useValue: { know: () => undefined } },
      { provide: Names, useValue: { known: () => new Map() } },
      { provide: ExcerptReads, useValue: { go: vi.fn() } },
      { provide: PICTURES, useValue: null },
    ],
  });
  panel = TestBed.inject(SearchPanel);
  box = new ListBox('found', panel.keys);
});

async function open(query: string): Promise<Shown> {
  const shown = await Shown.of(Search, { box });
  panel.query.set(query);
  await shown.text();
  return shown;
}
const asked = (held: HeldCall<unknown>) => vi.waitFor(() => expect(held.asked).toHaveLength(1));
const options = () => [...document.querySelectorAll('[role="option"]')];
const press = (key: string) => document.getElementById(box.idOf(key))!.click();

describe('the search', () => {
  it('begins with what the person looked at last', async () => {
    const search = await open('');
    await search.text();
    expect(panel.keys()).toEqual(['c', 'near']);
    expect(options()[0]?.textContent).toContain('bob');
  });

  it('shows people and groups at once, and messages once the people above them are there', async () => {
    const search = await open('bo');
    expect(panel.keys()).toEqual(['c']);
    await asked(messages);
    await messages.answer({ items: [hit('near')] });
    expect(panel.keys()).toEqual(['c']);
    await people.answer({ items: [{ username: 'Bob' }, { username: 'boris', displayName: 'Boris' }] });
    expect(await search.text()).toContain('2 people, 1 message');
    expect(panel.keys()).toEqual(['c', '@boris', 'message-m-near']);
  });

  it('does not wait for people for long, nor hide what was found for what was not', async () => {
    const search = await open('bo');
    await asked(messages);
    await messages.answer({ items: [hit('near')] });
    await vi.waitFor(() => expect(panel.keys()).toEqual(['c', 'message-m-near']), 2_000);
    await people.refuse(new Failure(null));
    expect(await search.text()).toContain('No connection');
    expect(panel.keys()).toEqual(['c', 'more-others', 'message-m-near']);
    // Another try of the one leaves the other as it is.
    press('more-others');
    await vi.waitFor(() => expect(people.asked).toHaveLength(2));
    await people.answer({ items: [{ username: 'boris', displayName: 'Boris' }] });
    await search.text();
    expect(panel.keys()).toEqual(['c', '@boris', 'message-m-near']);
  });

  it('goes to the message that was chosen last', async () => {
    const search = await open('in');
    await asked(messages);
    await people.answer({ items: [] });
    await messages.answer({ items: [hit('far'), hit('near')] });
    await search.text();
    press('message-m-far');
    press('message-m-near');
    await search.text();
    expect(TestBed.inject(Router).url).toBe('/c/near');
    known.next([...known.value, group('far')]);
    await fetched.answer();
    await fetched.answer();
    expect(TestBed.inject(Router).url).toBe('/c/near');
  });
});
