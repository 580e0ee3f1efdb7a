import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { chatIn, chatWith } from '../../core/chat-key';
import { AuthService } from '../../core/session/auth-service';
import { Drafts } from './drafts';

/** As after a reload, with this person logged in. */
function drafts(username = 'ann'): Drafts {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: AuthService, useValue: { user: { username } } }] });
  return TestBed.inject(Drafts);
}

beforeEach(() => localStorage.clear());

describe('drafts', () => {
  it('survive a reload, each in its conversation', () => {
    const before = drafts();
    before.keep(chatWith('bob'), 'to Bob');
    before.keep(chatIn('c1'), 'to the group');
    const after = drafts();
    expect(after.of(chatWith('bob'))).toBe('to Bob');
    expect(after.of(chatIn('c1'))).toBe('to the group');
    expect(after.of(chatWith('cat'))).toBe('');
  });

  it('are each person’s own, also where one name begins with the other', () => {
    drafts('ann').keep(chatWith('bob'), 'hers');
    expect(drafts('ann-2').of(chatWith('bob'))).toBe('');
  });

  it('are gone once they are empty', () => {
    const before = drafts();
    before.keep(chatWith('bob'), 'x');
    before.keep(chatWith('bob'), '');
    expect(localStorage.length).toBe(0);
    expect(drafts().of(chatWith('bob'))).toBe('');
  });

  it('of another tab are told', () => {
    const here = drafts();
    const told: number[] = [];
    here.texts$.subscribe(({ size }) => told.push(size));
    window.dispatchEvent(
      new StorageEvent('storage', { key: 'aldis:draft:ann:@bob', newValue: 'from there' }),
    );
    expect(here.of(chatWith('bob'))).toBe('from there');
    window.dispatchEvent(new StorageEvent('storage', { key: 'aldis:draft:ann:@bob', newValue: null }));
    expect(told).toEqual([0, 1, 0]);
  });
});
