import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { watched, whenIdle } from './idle';

const stop = vi.fn();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  stop.mockClear();
});
afterEach(() => vi.useRealTimers());

describe('a transfer', () => {
  it('is stopped once nothing moved for 30 seconds, however long it takes', () => {
    const { moved } = whenIdle(stop);
    for (let turn = 0; turn < 10; turn++) {
      vi.advanceTimersByTime(29_000);
      moved();
    }
    expect(stop).not.toHaveBeenCalled();
    vi.advanceTimersByTime(30_000);
    expect(stop).toHaveBeenCalledOnce();
  });

  it('is watched byte by byte, and no longer once it is here', async () => {
    let out!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (out = controller) });
    const reader = watched(new Response(body), whenIdle(stop)).body!.getReader();
    let text = '';
    for (const part of ['a', 'b', 'c']) {
      vi.advanceTimersByTime(29_000);
      out.enqueue(new TextEncoder().encode(part));
      text += new TextDecoder().decode((await reader.read()).value);
    }
    out.close();
    expect((await reader.read()).done).toBe(true);
    expect(text).toBe('abc');
    vi.advanceTimersByTime(60_000);
    expect(stop).not.toHaveBeenCalled();
  });
});
