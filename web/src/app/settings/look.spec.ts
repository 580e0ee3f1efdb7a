import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { Look, type Looks } from './look';

beforeEach(() => localStorage.clear());

describe('the look', () => {
  it('is chosen, kept, and given back to the system', () => {
    const look = TestBed.inject(Look);
    const told: Looks[] = [];
    look.looks$.subscribe((looks) => told.push(looks));
    look.choose('theme', 'dark');
    look.choose('text', 'large');
    expect(document.documentElement.dataset).toMatchObject({ theme: 'dark', text: 'large' });
    expect({ ...localStorage }).toEqual({ 'aldis:theme': 'dark', 'aldis:text': 'large' });
    look.choose('theme', 'system');
    look.choose('text', 'usual');
    expect({ ...document.documentElement.dataset }).toEqual({});
    expect(localStorage).toHaveLength(0);
    expect(told.at(-1)).toEqual({ theme: 'system', text: 'usual' });
  });

  it('follows another tab', () => {
    const look = TestBed.inject(Look);
    localStorage.setItem('aldis:theme', 'light');
    dispatchEvent(new StorageEvent('storage', { key: 'aldis:theme' }));
    expect(document.documentElement.dataset['theme']).toBe('light');
    look.choose('theme', 'system');
  });
});
