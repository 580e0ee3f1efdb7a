import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Code } from '../../protocol/protocol';
import { backoff } from './backoff';
import { patient } from './patient';
import { request } from './request';

/** A server that answers with these codes, one after the other, and then well. */
function server(...codes: Code[]): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path);
    const code = codes.shift();
    return Promise.resolve(
      code
        ? new Response(JSON.stringify({ code, detail: 'No.', retryable: true }), { status: 503 })
        : new Response('{}'),
    );
  });
  return asked;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a server that is overloaded', () => {
  it('is asked again, later each time, until it answers', async () => {
    const asked = server('overloaded', 'overloaded', 'overloaded');
    const answer = patient(() => request('POST', '/auth/login', { body: {} }));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.length).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await answer).toEqual({});
    expect(asked.length).toBe(4);
  });

  it('is believed in the end', async () => {
    const asked = server(...Array<Code>(9).fill('overloaded'));
    const answer = patient(() => request('POST', '/auth/login', { body: {} })).catch(
      (error: unknown) => error,
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await answer).toMatchObject({ code: 'overloaded' });
    expect(asked.length).toBe(5);
  });

  it('is not one that may have done it', async () => {
    const asked = server('store_unavailable');
    await expect(patient(() => request('POST', '/auth/register', { body: {} }))).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(asked.length).toBe(1);
  });
});

describe('the wait before another try', () => {
  it('doubles up to an end, and is another for everybody', () => {
    expect([0, 1, 2, 3].map((failed) => backoff(failed, 1))).toEqual([500, 1_000, 2_000, 4_000]);
    expect([0, 1, 2, 3].map((failed) => backoff(failed, 0))).toEqual([250, 500, 1_000, 2_000]);
    expect(backoff(50, 1)).toBe(8_000);
  });
});
