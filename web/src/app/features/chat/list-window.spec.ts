import { describe, expect, it } from 'vitest';

import { type Entry, timeline } from '../../data/messages/timeline';
import type { Message } from '../../protocol/protocol';
import { arrivedBehind, lastSeen, shifted } from './list-window';

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

  it('reads as far as the last stored message in sight', () => {
    expect(lastSeen(keyed('a', 'b', 'p'), 2)).toBe(2);
    expect(lastSeen(keyed('a', 'b'), 0)).toBe(1);
    expect(lastSeen(keyed('a', 'b'), 99)).toBe(2);
    expect(lastSeen(keyed('p'), 0)).toBe(0);
    expect(lastSeen([], -1)).toBe(0);
  });
});
