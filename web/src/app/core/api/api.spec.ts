import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Block, Page } from '../../protocol/protocol';
import { AuthService } from '../session/auth-service';
import { Api } from './api';

const block = (username: string): Block => ({ username, createdAt: '2026-03-28T10:00:00.000Z' });

beforeEach(() => {
  TestBed.resetTestingModule();
  TestBed.configureTestingModule({ providers: [{ provide: AuthService, useValue: { token: 'token' } }] });
});

afterEach(() => vi.unstubAllGlobals());

describe('the list of blocks', () => {
  it('is all of its pages', async () => {
    const pages = new Map<string, Page<Block>>([
      ['/api/blocks', { items: [block('ann'), block('bob')], next: 'a/b' }],
      ['/api/blocks?next=a%2Fb', { items: [block('cat')] }],
    ]);
    vi.stubGlobal('fetch', (path: string) => Promise.resolve(new Response(JSON.stringify(pages.get(path)))));
    expect((await TestBed.inject(Api).blocks()).map(({ username }) => username)).toEqual([
      'ann',
      'bob',
      'cat',
    ]);
  });
});
