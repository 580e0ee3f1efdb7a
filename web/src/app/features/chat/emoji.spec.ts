import { describe, expect, it } from 'vitest';
import data from 'emoji-picker-element-data/en/cldr-native/data.json';

import { oneEmoji } from '../../data/messages/reaction';
import { findEmoji, groupsOf, withRecent } from './emoji';

const groups = groupsOf(data);

describe('emoji', () => {
  it('are in nine groups, each one an emoji', () => {
    expect(groups.map(({ emoji }) => emoji.length > 50)).toEqual(groups.map(() => true));
    expect(groups.flatMap(({ emoji }) => emoji).filter(({ emoji }) => oneEmoji(emoji) === null)).toEqual([]);
  });

  it('are found by the beginnings of their words, in any case', () => {
    expect(findEmoji(groups, 'ship').map(({ emoji }) => emoji)).toContain('🚢');
    expect(findEmoji(groups, 'RED hea')[0]?.emoji).toBe('❤️');
    expect(findEmoji(groups, 'no such thing')).toEqual([]);
  });

  it('are remembered, the newest first and each once', () => {
    const recent = ['🚢', '⚓', '🚢'].reduce<string[]>(withRecent, []);
    expect(recent).toEqual(['🚢', '⚓']);
    expect(
      groups[0]!.emoji.reduce<string[]>((taken, { emoji }) => withRecent(taken, emoji), recent),
    ).toHaveLength(18);
  });
});
