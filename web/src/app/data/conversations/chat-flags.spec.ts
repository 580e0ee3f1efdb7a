import { TestBed } from '@angular/core/testing';
import { beforeEach, expect, it, vi } from 'vitest';

import { chatIn, chatWith } from '../../core/chat-key';
import { AuthService } from '../../core/session/auth-service';
import { local } from '../../core/storage/storage';
import { ChatFlags } from './chat-flags';

/** As after a reload, with this person logged in. */
function flags(username = 'ann'): ChatFlags {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: AuthService, useValue: { user: { username } } }] });
  return TestBed.inject(ChatFlags);
}

beforeEach(() => localStorage.clear());

it('are kept, each for itself and for its owner', () => {
  const before = flags();
  before.set('pinned', chatWith('Bob'), true);
  before.set('unread', chatIn('g'), true);
  before.set('unread', chatIn('h'), true);
  before.set('unread', chatIn('h'), false);
  before.set('archived', chatIn('a'), true, 7);
  const after = flags();
  expect([...after.with('pinned').keys()]).toEqual(['@bob']);
  expect([...after.with('unread').keys()]).toEqual(['g']);
  expect([...after.with('archived')]).toEqual([['a', 7]]);
  expect(flags('ann-2').with('pinned').size).toBe(0);
});

it('follow what another tab changes, and are gone with all that was kept', () => {
  const here = flags();
  flags().set('pinned', chatIn('g'), true);
  const tell = (key: string | null) => window.dispatchEvent(new StorageEvent('storage', { key }));
  tell('aldis:pinned:ann:g');
  expect([...here.with('pinned').keys()]).toEqual(['g']);
  localStorage.clear();
  tell(null);
  expect(here.with('pinned').size).toBe(0);
});

it('last as long as the page where nothing can be kept', () => {
  vi.spyOn(local, 'setItem').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError');
  });
  const here = flags();
  here.set('unread', chatIn('g'), true);
  expect([...here.with('unread').keys()]).toEqual(['g']);
  vi.restoreAllMocks();
});
