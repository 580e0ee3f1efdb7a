import { describe, expect, it } from 'vitest';

import { type Entry, timeline } from '../../data/messages/timeline';
import type { Message } from '../../protocol/protocol';
import { shifted } from './list-window';

const message = (seq: number, sender = 'bob'): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  clientId: `c${seq}`,
  sender,
  text: `${seq}`,
  timestamp: '2026-03-28T10:00:00.000Z',
});
const entries = (...messages: Message[]) => timeline(messages, [], 'ann', []);

describe('the window of the list', () => {
  it('knows a page that came above from one that came below', () => {
    const before = entries(message(3), message(4));
    expect(shifted(before, entries(message(1), message(3), message(4)))).toBe(true);
    expect(shifted(before, entries(message(3), message(4), message(5)))).toBe(false);
    expect(shifted([], before)).toBe(false);
    expect(shifted(entries(message(1), message(2), message(3)), entries(message(3)))).toBe(true);
  });
});

describe('the window of the list, by keys', () => {
  const keyed = (...keys: string[]) =>
    keys.map(
      (key, index) => ({ key, ...(key.startsWith('p') ? {} : { message: message(index + 1) }) }) as Entry,
    );

  it('knows when history was put before the rest', () => {
    expect(shifted(keyed('b', 'c'), keyed('a', 'b', 'c'))).toBe(true);
    expect(shifted(keyed('b', 'c'), keyed('b', 'c', 'd'))).toBe(false);
    expect(shifted(keyed('b'), keyed('a', 'b', 'c'))).toBe(false);
    expect(shifted(keyed(), keyed('a'))).toBe(false);
  });
});
