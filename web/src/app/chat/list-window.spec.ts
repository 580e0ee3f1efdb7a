import { describe, expect, it } from 'vitest';

import type { Message } from '../protocol/protocol';
import { arrivedBehind, lastSeen, shifted } from './list-window';
import { timeline } from './timeline';

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
  it('counts what came behind the newest, and only what others wrote', () => {
    const before = entries(message(1), message(2));
    const newest = before.at(-1)!.key;
    expect(arrivedBehind(before, newest)).toBe(0);
    expect(
      arrivedBehind(entries(message(1), message(2), message(3), message(4, 'ann'), message(5)), newest),
    ).toBe(2);
    expect(arrivedBehind(before, undefined)).toBe(0);
    expect(arrivedBehind(before, 'given up')).toBe(0);
  });

  it('knows a page that came above from one that came below', () => {
    const before = entries(message(3), message(4));
    expect(shifted(before, entries(message(1), message(3), message(4)))).toBe(true);
    expect(shifted(before, entries(message(3), message(4), message(5)))).toBe(false);
    expect(shifted([], before)).toBe(false);
    expect(shifted(entries(message(1), message(2), message(3)), entries(message(3)))).toBe(true);
  });

  it('tells how far one has seen, past what the server does not have', () => {
    const all = entries(message(3), message(4));
    expect(lastSeen(all, 0)).toBe(3);
    expect(lastSeen(all, 9)).toBe(4);
    expect(lastSeen([], 0)).toBe(0);
  });
});
