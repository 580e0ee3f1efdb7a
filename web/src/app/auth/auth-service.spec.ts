import { DOCUMENT } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { LoggedIn } from '../protocol/protocol';
import { AuthService } from './auth-service';
import { SESSION } from './session';

/** A server with one session, whose first access token has expired. */
class Sessions {
  readonly ended: string[] = [];
  refreshed = 0;

  answer(path: string, token: string | null): [status: number, body?: object] {
    if (path === '/auth/refresh') return [200, session(`fresh-${++this.refreshed}`)];
    if (token === 'stale') return [401, { code: 'token_expired', detail: '', retryable: false }];
    this.ended.push(token ?? '');
    return [204];
  }
}

const session = (token: string): LoggedIn => ({ token, expiresAt: '', refreshToken: 'refresh', user: { username: 'ann', displayName: 'Ann', createdAt: '' } });

let server: Sessions;
const assign = vi.fn();

beforeEach(() => {
  server = new Sessions();
  vi.stubGlobal('fetch', (path: string, { headers }: { headers: Headers }) => {
    const [status, body] = server.answer(path, headers.get('authorization')?.replace('Bearer ', '') ?? null);
    return Promise.resolve(new Response(body ? JSON.stringify(body) : null, { status }));
  });
});
afterEach(() => vi.unstubAllGlobals());

function auth(token: string): AuthService {
  localStorage.setItem(SESSION, JSON.stringify(session(token)));
  const defaultView = { addEventListener: () => undefined, location: { assign } };
  TestBed.configureTestingModule({ providers: [{ provide: DOCUMENT, useValue: { defaultView } }] });
  return TestBed.inject(AuthService);
}

describe('logging out', () => {
  it('ends the session on the server', async () => {
    await auth('good').logout();
    expect(server.ended).toEqual(['good']);
    expect(localStorage.getItem(SESSION)).toBeNull();
    expect(assign).toHaveBeenCalledWith('/login');
  });

  it('ends it with a fresh token where the token has expired', async () => {
    await auth('stale').logout();
    expect(server.ended).toEqual(['fresh-1']);
    expect(localStorage.getItem(SESSION)).toBeNull();
  });

  it('leaves whether or not the server hears of it', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')));
    await auth('good').logout();
    expect(localStorage.getItem(SESSION)).toBeNull();
  });
});
