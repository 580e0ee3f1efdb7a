import { describe, expect, it } from 'vitest';

import type { Message } from '../../protocol/protocol';
import { message as messageOf } from '../../testing/conversation';
import type { Pending } from '../outbox/pending';
import { tickOf, timeline } from './timeline';

const START = new Date(2026, 2, 28, 23, 50).getTime();
const minutes = (count: number) => START + count * 60_000;

function message(seq: number, sender: string, at: number, more: Partial<Message> = {}): Message {
  return messageOf(seq, sender, { timestamp: new Date(at).toISOString(), ...more });
}

function pending(clientId: string, at: number, more: Partial<Pending> = {}): Pending {
  return { clientId, receiver: 'bob', text: clientId, writtenAt: at, ...more };
}

describe('timeline', () => {
  it('puts how a group changed between the messages, and behind the last that the server has', () => {
    const notes = [1, 3, 4, 7].map((seq) => ({ seq, text: `note ${seq}`, time: new Date(minutes(0)) }));
    const entries = timeline(
      [message(2, 'bob', minutes(0)), message(5, 'bob', minutes(1))],
      [pending('x', minutes(2))],
      'ann',
      [],
      notes,
    );
    expect(
      entries.map(({ before, after }) => [before, after].map((list) => list?.map(({ seq }) => seq))),
    ).toEqual([
      [[1], undefined],
      [[3, 4], [7]],
      [undefined, undefined],
    ]);
    expect(timeline([], [], 'ann', [], notes)).toEqual([]);
    // Behind midnight the heading of the day stands between.
    const [next] = timeline(
      [message(5, 'bob', minutes(15))],
      [],
      'ann',
      [],
      [...notes.slice(0, 1), { seq: 3, text: '', time: new Date(minutes(12)) }],
    );
    expect([next?.earlier, next?.before].map((list) => list?.map(({ seq }) => seq))).toEqual([[1], [3]]);
  });

  it('groups one sender within five minutes, and never across midnight', () => {
    const entries = timeline(
      [
        message(1, 'bob', minutes(0)),
        message(2, 'bob', minutes(5)),
        message(3, 'ann', minutes(5)),
        message(4, 'bob', minutes(9)),
        message(5, 'bob', minutes(11)),
        message(6, 'bob', minutes(17)),
      ],
      [],
      'ann',
      [],
    );
    expect(entries.map(({ startsGroup, endsGroup }) => [startsGroup, endsGroup])).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
      [true, true],
      [true, true],
    ]);
    expect(entries.map(({ startsDay }) => startsDay)).toEqual([true, false, false, false, true, false]);
  });

  it('shows what waits after what is stored, in the order of writing', () => {
    const entries = timeline(
      [message(1, 'bob', minutes(30))],
      [pending('a', minutes(10)), pending('b', minutes(10))],
      'ann',
      [],
    );
    expect(entries.map(({ key }) => key)).toEqual(['bob/c1', 'ann/a', 'ann/b']);
    expect(entries.map(({ tick }) => tick)).toEqual([undefined, 'pending', 'pending']);
  });

  it('shows a message once while it is in the outbox and stored already', () => {
    const entries = timeline(
      [message(1, 'ann', minutes(0), { clientId: 'a' })],
      [pending('a', minutes(0))],
      'ann',
      [{ deliveredSeq: 0, readSeq: 0 }],
    );
    expect(entries.map(({ key, tick }) => [key, tick])).toEqual([['ann/a', 'sent']]);
  });

  it('tells the clientIds of two senders apart', () => {
    const entries = timeline(
      [message(1, 'bob', minutes(0), { clientId: 'a' })],
      [pending('a', minutes(0))],
      'ann',
      [],
    );
    expect(new Set(entries.map(({ key }) => key)).size).toBe(2);
  });

  it('keeps what was refused at its time, so that the talk goes on below it', () => {
    const problem = { code: 'text_too_long' } as Pending['problem'];
    const entries = timeline(
      [message(1, 'bob', minutes(0)), message(2, 'ann', minutes(9))],
      [pending('a', minutes(5), { ...(problem ? { problem } : {}) })],
      'ann',
      [{ deliveredSeq: 2, readSeq: 0 }],
    );
    expect(entries.map(({ key, tick }) => [key, tick])).toEqual([
      ['bob/c1', undefined],
      ['ann/a', 'failed'],
      ['ann/c2', 'delivered'],
    ]);
  });
});

describe('tickOf', () => {
  it('goes from sent to delivered to read with the slowest of the others', () => {
    expect(tickOf(5, [{ deliveredSeq: 4, readSeq: 4 }])).toBe('sent');
    expect(tickOf(5, [{ deliveredSeq: 5, readSeq: 4 }])).toBe('delivered');
    expect(tickOf(5, [{ deliveredSeq: 5, readSeq: 5 }])).toBe('read');
    expect(
      tickOf(5, [
        { deliveredSeq: 9, readSeq: 9 },
        { deliveredSeq: 5, readSeq: 4 },
      ]),
    ).toBe('delivered');
  });
});
