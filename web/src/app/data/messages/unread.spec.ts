import { describe, expect, it } from 'vitest';

import { message } from '../../testing/conversation';
import { timeline } from './timeline';
import { firstUnread, nextMention, readThrough, unreadAround } from './unread';

const lines = (...seqs: number[]) =>
  timeline(
    seqs.map((seq) => message(seq, 'bob')),
    [],
    'ann',
    [],
  );

describe('the first unread message', () => {
  it('is the first of others above the read mark', () => {
    const all = timeline(
      [message(1, 'bob'), message(2, 'bob'), message(4, 'ann'), message(5, 'bob'), message(6, 'bob')],
      [],
      'ann',
      [],
    );
    expect(firstUnread(all, 2)).toBe(all[3]!.key);
    expect(firstUnread(all, 6)).toBeNull();
  });

  it('is not one that was deleted', () => {
    const gone = message(2, 'bob', { deletedAt: '2026-03-28T11:00:00.000Z' });
    const all = timeline([message(1, 'bob'), gone, message(3, 'bob')], [], 'ann', []);
    expect(firstUnread(all, 1)).toBe(all[2]!.key);
  });

  it('is not known while unread ones may lie above what is in memory', () => {
    const all = lines(10, 11);
    expect(firstUnread(all, 3)).toBeNull();
    expect(firstUnread(all, 9)).toBe(all[0]!.key);
    // A newcomer to a group does not have what was said before.
    expect(firstUnread(all, 3, true)).toBe(all[0]!.key);
  });
});

describe('reading', () => {
  const all = lines(1, 2, 3, 4, 5, 6);

  it('goes as far as what was in the window', () => {
    expect(readThrough(all, 1, true, { first: 0, last: 3 })).toBe(4);
    expect(readThrough(all, 4, true, { first: 3, last: 5 })).toBe(6);
    expect(readThrough(all, 6, true, { first: 3, last: 5 })).toBe(0);
  });

  it('skips nothing: what was jumped over stays unread', () => {
    expect(readThrough(all, 1, true, { first: 3, last: 5 })).toBe(0);
    expect(readThrough(lines(20, 21), 1, false, { first: 0, last: 1 })).toBe(0);
    // One's own and deleted messages in between are nothing to be read.
    const between = timeline([message(1, 'bob'), message(2, 'ann'), message(3, 'bob')], [], 'ann', []);
    expect(readThrough(between, 1, true, { first: 2, last: 2 })).toBe(3);
  });

  it('stops before what the server does not have', () => {
    expect(readThrough([], 0, true, { first: 0, last: -1 })).toBe(0);
  });
});

describe('what is unread around the window', () => {
  it('is counted above and below', () => {
    const part = { entries: lines(1, 2, 3, 4, 5, 6), readSeq: 2, top: true, apart: false, unread: 4 };
    expect(unreadAround(part, { first: 0, last: 2 })).toEqual({ above: 0, below: 3 });
    expect(unreadAround(part, { first: 4, last: 5 })).toEqual({ above: 2, below: 0 });
  });

  it('is above where the page does not reach the first of them', () => {
    const part = { entries: lines(271, 272, 273), readSeq: 0, top: false, apart: false, unread: 273 };
    expect(unreadAround(part, { first: 1, last: 2 })).toEqual({ above: 271, below: 0 });
  });

  it('is below where the part does not reach the end', () => {
    const part = { entries: lines(10, 11, 12), readSeq: 10, top: false, apart: true, unread: 290 };
    expect(unreadAround(part, { first: 0, last: 1 })).toEqual({ above: 0, below: 289 });
  });
});

describe('the next mention', () => {
  const named = { mentions: ['Ann'] };
  const all = timeline(
    [1, 2, 3, 4, 5].map((seq) => message(seq, 'bob', seq % 2 ? named : {})),
    [],
    'ann',
    [],
  );

  it('is below the window, or else above it, while it is unread', () => {
    expect(nextMention(all, 0, 'ann', { first: 1, last: 1 })).toBe(all[2]!.key);
    expect(nextMention(all, 0, 'ann', { first: 3, last: 4 })).toBe(all[0]!.key);
    expect(nextMention(all, 3, 'ann', { first: 3, last: 4 })).toBeNull();
  });
});
