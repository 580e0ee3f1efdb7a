import { TestBed } from '@angular/core/testing';
import { BehaviorSubject } from 'rxjs';
import { beforeEach, expect, it, vi } from 'vitest';

import { AuthService } from '../../core/session/auth-service';
import type { Conversation, Member, User } from '../../protocol/protocol';
import { conversation } from '../../testing/conversation';
import { Files } from '../attachments/files';
import { ConversationStore } from '../conversations/conversation-store';
import { Faces } from './faces';

const bob = (pictureUrl?: string, readSeq = 0): Member => ({
  username: 'Bob',
  displayName: 'Bob',
  role: 'member',
  deliveredSeq: 5,
  readSeq,
  ...(pictureUrl && { pictureUrl }),
});
const between = (id: string, member: Member) => conversation({ id, members: [member] });
const conversations$ = new BehaviorSubject<Conversation[]>([]);
const user$ = new BehaviorSubject<Partial<User> | null>(null);
const forget = vi.fn();
let faces: Faces;

beforeEach(() => {
  conversations$.next([between('a', bob('/old?v=1')), between('b', bob('/old?v=1'))]);
  forget.mockClear();
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({
    providers: [
      { provide: ConversationStore, useValue: { conversations$ } },
      { provide: AuthService, useValue: { user$ } },
      { provide: Files, useValue: { forget } },
    ],
  });
  faces = TestBed.inject(Faces);
});

it('are those of the members, in any spelling, in both sizes', () => {
  expect(faces.of('bOB', true)).toBe('/old?v=1');
  expect(faces.of('bOB', false)).toBe('/old?v=1&size=96');
  expect(faces.of('cat', false)).toBeUndefined();
});

it('do not go back to what another conversation said before', () => {
  conversations$.next([between('a', bob('/new?v=2')), between('b', bob('/old?v=1'))]);
  // Bob has read, and nothing else changed.
  conversations$.next([between('a', bob('/new?v=2')), between('b', bob('/old?v=1', 5))]);
  expect(faces.of('Bob', true)).toBe('/new?v=2');
  expect(forget).toHaveBeenCalledWith(['/old?v=1', '/old?v=1&size=96']);
});

it('are gone with the picture', () => {
  conversations$.next([between('a', bob()), between('b', bob('/old?v=1'))]);
  expect(faces.of('Bob', false)).toBeUndefined();
});

it('are those of groups, by their id', () => {
  const group = conversation({ id: 'g', kind: 'group', members: [bob('/old?v=1')], pictureUrl: '/g?v=1' });
  conversations$.next([group]);
  expect(faces.of('g', false)).toBe('/g?v=1&size=96');
  const { pictureUrl: _, ...without } = group;
  conversations$.next([without]);
  expect(faces.of('g', false)).toBeUndefined();
});

it('are known of those who were found, and of oneself', () => {
  faces.know([{ username: 'Cat', pictureUrl: '/cat?v=1' }]);
  user$.next({ username: 'Ann', pictureUrl: '/ann?v=1' });
  expect([faces.of('cat', true), faces.of('ann', true)]).toEqual(['/cat?v=1', '/ann?v=1']);
});
