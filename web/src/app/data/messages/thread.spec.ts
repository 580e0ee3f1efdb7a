import { describe, expect, it } from 'vitest';

import { newer } from '../../core/newer';
import type { Message } from '../../protocol/protocol';
import { merge, replace, seqOf } from './thread';

const message = (seq: number, text = '', changeSeq?: number): Message => ({
  id: `m${seq}`,
  conversationId: 'c',
  seq,
  clientId: `c${seq}`,
  sender: 'bob',
  text,
  timestamp: '2026-03-28T10:00:00.000Z',
  ...(changeSeq ? { changeSeq } : {}),
});
const seqs = (messages: readonly Message[]) => messages.map(({ seq }) => seq);

describe('merge', () => {
  it('orders by seq and keeps each message once', () => {
    expect(seqs(merge([message(2), message(5)], [message(5), message(3), message(1)]))).toEqual([1, 2, 3, 5]);
    expect(seqs(merge([message(2)], [message(7)]))).toEqual([2, 7]);
    expect(seqs(merge([], [message(3), message(2)]))).toEqual([2, 3]);
  });

  it('keeps the later state, whichever came first', () => {
    expect(merge([message(1, 'new', 4)], [message(1, 'old')])[0]?.text).toBe('new');
    expect(merge([message(1, 'old')], [message(1, 'new', 4)])[0]?.text).toBe('new');
  });

  it('leaves the list as it is when nothing arrived', () => {
    const held = [message(1)];
    expect(merge(held, [])).toBe(held);
  });
});

describe('replace', () => {
  it('takes later states of what is held, and nothing else', () => {
    const held = [message(1), message(2, 'second', 6)];
    expect(replace(held, message(1, 'changed', 5))[0]?.text).toBe('changed');
    expect(replace(held, message(2, 'earlier', 4))).toBe(held);
    expect(replace(held, message(3))).toBe(held);
  });
});

it('compares states by their latest change', () => {
  expect(newer(message(1, '', 5), message(1, '', 4))).toBe(true);
  expect(newer(message(1), message(1, '', 4))).toBe(false);
});

it('finds the seq in a message’s id', () => {
  expect(seqOf('01a202b8-0643-7874-9c0d-4c8000000029')).toBe(0x29);
});
