import { describe, expect, it } from 'vitest';

import type { KeptMessages } from '../../core/disk/kept-messages';
import type { Message } from '../../protocol/protocol';
import { message } from '../../testing/conversation';
import { parts } from './fragment';
import { searchKept } from './search-kept';

/** A disk that keeps these, and counts what is read from it. */
function disk(kept: Record<string, readonly Message[]>) {
  let read = 0;
  const messages = (id: string, before: number, limit: number) => {
    const page = (kept[id] ?? []).filter(({ seq }) => seq < before).slice(-limit);
    read += page.length;
    return Promise.resolve(page);
  };
  return { database: { messages } as unknown as KeptMessages, read: () => read };
}
const many = (id: string, count: number, text: (seq: number) => string) =>
  Array.from({ length: count }, (_, index) =>
    message(index + 1, index % 2 ? 'Bob' : 'ann', {
      conversationId: id,
      text: text(index + 1),
      timestamp: new Date(Date.UTC(2026, 0, 1, 0, index)).toISOString(),
    }),
  );

describe('what is kept on this device', () => {
  it('is found as the server finds it, the newest of all conversations first', async () => {
    const { database } = disk({
      a: many('a', 3, (seq) => `tide ${seq}`),
      b: [
        ...many('b', 5, (seq) => (seq > 3 ? `Tidé ${seq}` : 'ebb')),
        message(6, 'Bob', { conversationId: 'b', text: '', deletedAt: '2026-01-01T00:00:00Z' }),
      ],
    });
    const found = await searchKept(database, ['a', 'b'], { query: 'tid' });
    expect(found.map(({ message }) => message.text)).toEqual([
      'Tidé 5',
      'Tidé 4',
      'tide 3',
      'tide 2',
      'tide 1',
    ]);
    expect(parts(found[0]!.fragment)).toEqual([
      { text: 'Tidé', marked: true },
      { text: ' 5', marked: false },
    ]);
    expect(await searchKept(database, ['a', 'b'], { query: 'tide', within: 'a', from: 'bOB' })).toHaveLength(
      1,
    );
    const after = new Date(Date.UTC(2026, 0, 1, 0, 3));
    expect(await searchKept(database, ['a', 'b'], { query: 'tide', after })).toHaveLength(2);
    expect(await searchKept(database, ['a', 'b'], { query: 'tide', before: after })).toHaveLength(3);
  });

  it('is looked at as far as it is bounded, and no further once it is not wanted any more', async () => {
    const kept = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`c${index}`, many(`c${index}`, 2_600, () => 'nothing')]),
    );
    const all = disk(kept);
    expect(await searchKept(all.database, Object.keys(kept), { query: 'tide' })).toEqual([]);
    expect(all.read()).toBeLessThan(22_000);
    expect(all.read()).toBeGreaterThan(15_000);
    const one = disk(kept);
    await searchKept(one.database, Object.keys(kept), { query: 'tide', within: 'c3' });
    expect(one.read()).toBe(2_600);
    const stopped = disk(kept);
    const stop = AbortSignal.abort();
    expect(await searchKept(stopped.database, Object.keys(kept), { query: 'tide' }, stop)).toEqual([]);
    expect(stopped.read()).toBe(500);
  });
});
