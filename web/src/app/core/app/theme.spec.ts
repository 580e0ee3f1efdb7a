import { TestBed } from '@angular/core/testing';
import { beforeEach, describe, expect, it } from 'vitest';

import { Theme, type ThemeChoices } from './theme';

beforeEach(() => localStorage.clear());

describe('the theme', () => {
  it('is chosen, kept, and given back to the system', () => {
    const theme = TestBed.inject(Theme);
    const told: ThemeChoices[] = [];
    theme.choices$.subscribe((choices) => told.push(choices));
    theme.choose('theme', 'dark');
    theme.choose('text', 'large');
    expect(document.documentElement.dataset).toMatchObject({ theme: 'dark', text: 'large' });
    expect({ ...localStorage }).toEqual({ 'aldis:theme': 'dark', 'aldis:text': 'large' });
    theme.choose('theme', 'system');
    theme.choose('text', 'usual');
    expect({ ...document.documentElement.dataset }).toEqual({});
    expect(localStorage).toHaveLength(0);
    expect(told.at(-1)).toEqual({ theme: 'system', text: 'usual' });
  });

  it('follows another tab', () => {
    const theme = TestBed.inject(Theme);
    localStorage.setItem('aldis:theme', 'light');
    dispatchEvent(new StorageEvent('storage', { key: 'aldis:theme' }));
    expect(document.documentElement.dataset['theme']).toBe('light');
    theme.choose('theme', 'system');
  });
});
