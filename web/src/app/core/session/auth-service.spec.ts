import { DOCUMENT } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { LoggedIn } from '../../protocol/protocol';
import { AuthService } from './auth-service';
import { NOTICE, SESSION } from './session';

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

const session = (token: string): LoggedIn => ({
  token,
  expiresAt: '',
  refreshToken: 'refresh',
  user: { username: 'ann', displayName: 'Ann', createdAt: '' },
});

let server: Sessions;
const replace = vi.fn();

beforeEach(() => {
  replace.mockClear();
  server = new Sessions();
  vi.stubGlobal('fetch', (path: string, { headers }: { headers: Headers }) => {
    const [status, body] = server.answer(path, headers.get('authorization')?.replace('Bearer ', '') ?? null);
    return Promise.resolve(new Response(body ? JSON.stringify(body) : null, { status }));
  });
});
afterEach(() => vi.unstubAllGlobals());

function auth(token: string, listeners = new Map<string, (event: object) => void>()): AuthService {
  localStorage.setItem(SESSION, JSON.stringify(session(token)));
  const defaultView = {
    addEventListener: (name: string, hear: (event: object) => void) => listeners.set(name, hear),
    location: { replace },
  };
  TestBed.configureTestingModule({ providers: [{ provide: DOCUMENT, useValue: { defaultView } }] });
  return TestBed.inject(AuthService);
}

describe('logging out', () => {
  it('ends the session on the server', async () => {
    await auth('good').logout();
    expect(server.ended).toEqual(['good']);
    expect(localStorage.getItem(SESSION)).toBeNull();
    expect(replace).toHaveBeenCalledWith('/login');
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

describe('refreshing', () => {
  it('asks again where the answer was lost', async () => {
    const one = auth('stale');
    let asked = 0;
    const answer = fetch;
    vi.stubGlobal('fetch', (path: string, init: RequestInit) =>
      ++asked < 3 ? Promise.reject(new TypeError('lost')) : answer(path, init),
    );
    expect(await one.refresh('stale')).toBe('fresh-1');
    expect(asked).toBe(3);
  });

  it('goes on with what another tab got, where this one came too late', async () => {
    const one = auth('stale');
    vi.stubGlobal('fetch', () => {
      localStorage.setItem(SESSION, JSON.stringify({ ...session('from there'), refreshToken: 'next' }));
      return Promise.resolve(
        new Response(JSON.stringify({ code: 'refresh_invalid', detail: '', retryable: false }), {
          status: 401,
        }),
      );
    });
    expect(await one.refresh('stale')).toBe('from there');
    expect(one.token).toBe('from there');
    expect(replace).not.toHaveBeenCalled();
  });

  it('ends the session where the server refuses, and says why', async () => {
    const one = auth('stale');
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        new Response(JSON.stringify({ code: 'refresh_invalid', detail: '', retryable: false }), {
          status: 401,
        }),
      ),
    );
    await expect(one.refresh('stale')).rejects.toThrow();
    await vi.waitFor(() => expect(replace).toHaveBeenCalledWith('/login'));
    expect(localStorage.getItem(SESSION)).toBeNull();
    expect(sessionStorage.getItem(NOTICE)).toBe('refresh_invalid');
  });

  it('does not log in again who logged out meanwhile', async () => {
    const one = auth('stale');
    const answer = fetch;
    vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
      localStorage.removeItem(SESSION);
      return answer(path, init);
    });
    await expect(one.refresh('stale')).rejects.toThrow();
    expect(localStorage.getItem(SESSION)).toBeNull();
  });
});

describe('the session of somebody else', () => {
  it('is never that of this page', async () => {
    const listeners = new Map<string, (event: object) => void>();
    const one = auth('good', listeners);
    const seen: (string | undefined)[] = [];
    one.session$.subscribe((session) => seen.push(session?.user.username));
    localStorage.setItem(
      SESSION,
      JSON.stringify({ ...session('theirs'), user: { username: 'bob', displayName: 'Bob', createdAt: '' } }),
    );
    listeners.get('storage')!({ key: SESSION });
    expect(seen).toEqual(['ann', undefined]);
    expect(one.token).toBe('');
    expect(replace).toHaveBeenCalledWith('/');
  });
});
