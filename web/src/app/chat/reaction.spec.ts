import { describe, expect, it } from 'vitest';

import { oneEmoji, PALETTE, reactionsOf } from './reaction';

describe('reactions', () => {
  it('count who reacted, in the order in which they did, and say which are one’s own', () => {
    const names = new Map([['bob', 'Bob']]);
    expect(reactionsOf({ reactions: { '👍': ['bob', 'ann', 'gone'], '🚢': ['bob'] } }, names, 'ann')).toEqual([
      { emoji: '👍', count: 3, mine: true, names: 'Bob, You, gone' },
      { emoji: '🚢', count: 1, mine: false, names: 'Bob' },
    ]);
    expect(reactionsOf({}, names, 'ann')).toEqual([]);
  });

  it('name ten people and count the others', () => {
    const many = Array.from({ length: 13 }, (_, index) => `p${index}`);
    expect(reactionsOf({ reactions: { '👍': many } }, new Map(), 'ann')[0]?.names).toMatch(/^p0, .*p9 and 3 more$/);
  });

  it('are exactly one emoji', () => {
    for (const emoji of [...PALETTE, '👩‍🚀', '🇸🇪', '👍🏽']) expect(oneEmoji(` ${emoji} `)).toBe(emoji);
    expect(oneEmoji('❤')).toBe('❤️');
    for (const other of ['', 'a', '1', '👍👍', 'ok 👍', '#']) expect(oneEmoji(other)).toBeNull();
  });
});
