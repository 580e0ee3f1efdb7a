import { describe, expect, it } from 'vitest';

import { oneEmoji, PALETTE, reactionsOf } from './reaction';

describe('reactions', () => {
  it('count who reacted, in the order in which they did, and say which are one’s own', () => {
    const names = new Map([['bob', 'Bob']]);
    expect(
      reactionsOf(
        { reactions: { '👍': ['bob', 'ann', 'gone'], '🚢': ['bob'] } },
        names,
        'ann',
        (emoji) => emoji === '👍',
      ),
    ).toEqual([
      { emoji: '👍', count: 3, mine: true, names: 'Bob, You, gone' },
      { emoji: '🚢', count: 1, mine: false, names: 'Bob' },
    ]);
    expect(reactionsOf({}, names, 'ann', () => false)).toEqual([]);
  });

  it('name ten people and count the others', () => {
    const many = Array.from({ length: 13 }, (_, index) => `p${index}`);
    const of = (count: number | undefined, mine: boolean) =>
      reactionsOf(
        { reactions: { '👍': many }, reactionCounts: count ? { '👍': count } : undefined },
        new Map(),
        'ann',
        () => mine,
      )[0];
    expect(of(undefined, false)).toMatchObject({
      count: 13,
      names: expect.stringMatching(/^p0, .*p9 and 3 more$/) as string,
    });
    expect(of(300, false)).toMatchObject({
      count: 300,
      names: expect.stringMatching(/^p0, .*p9 and 290 more$/) as string,
    });
    expect(of(300, true)).toMatchObject({
      count: 300,
      mine: true,
      names: expect.stringMatching(/^p0, .*p8, You and 290 more$/) as string,
    });
  });

  it('are exactly one emoji', () => {
    for (const emoji of [...PALETTE, '👩‍🚀', '🇸🇪', '👍🏽']) expect(oneEmoji(` ${emoji} `)).toBe(emoji);
    expect(oneEmoji('❤')).toBe('❤️');
    for (const other of ['', 'a', '1', '👍👍', 'ok 👍', '#']) expect(oneEmoji(other)).toBeNull();
  });
});
