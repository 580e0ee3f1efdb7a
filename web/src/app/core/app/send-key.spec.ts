import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { SendKey } from './send-key';

beforeEach(() => localStorage.clear());

describe('the key that sends', () => {
  it('is Enter until the person chooses, and is kept', () => {
    const key = TestBed.inject(SendKey);
    expect(key.enter()).toBe(true);
    key.choose(false);
    expect([key.enter(), { ...localStorage }]).toEqual([false, { 'aldis:send': 'control' }]);
    key.choose(true);
    expect(localStorage).toHaveLength(0);
  });

  it('follows another tab', () => {
    const key = TestBed.inject(SendKey);
    localStorage.setItem('aldis:send', 'control');
    dispatchEvent(new StorageEvent('storage', { key: 'aldis:send' }));
    expect(key.enter()).toBe(false);
  });
});
