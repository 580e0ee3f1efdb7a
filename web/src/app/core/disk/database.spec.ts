import 'fake-indexeddb/auto';

import { TestBed } from '@angular/core/testing';
import { beforeEach, expect, it } from 'vitest';

import { conversation } from '../../testing/conversation';
import { AuthService } from '../session/auth-service';
import { Database } from './database';

let people = 0;
let database: Database;

beforeEach(() => {
  TestBed.resetTestingModule();
  const user = { username: `ann${++people}` };
  TestBed.configureTestingModule({ providers: [{ provide: AuthService, useValue: { user } }] });
  database = TestBed.inject(Database);
});

const titles = async () => (await database.conversations()).map(({ title }) => title);

it('keeps what changes of a group that one was taken out of, and not what was forgotten in another tab', async () => {
  const mine = conversation({ kind: 'group', title: 'Crew' });
  const me = { ...mine.members[0]!, username: `Ann${people}` };
  const crew = { ...mine, members: [me] };
  const left = { ...mine, members: [], title: 'Crew, without her' };
  await database.putConversations([crew]);
  await database.putConversations([left]);
  expect(await titles()).toEqual(['Crew, without her']);
  await database.forgetConversation(crew.id);
  // The other tab hears of it a moment later.
  await database.putConversations([left]);
  expect(await titles()).toEqual([]);
  await database.putConversations([crew]);
  expect(await titles()).toEqual(['Crew']);
});
