import { plain } from '../../core/format/text';
import { oneEmoji } from '../../data/messages/reaction';

/**
 * An emoji as the table of the Unicode consortium's names describes it (package emoji-picker-element-data).
 */
export interface Listed {
  readonly emoji: string;
  readonly annotation: string;
  readonly tags: readonly string[];
  /** As emojibase numbers them. */
  readonly group: number;
  /** Of the emoji standard that it came with. */
  readonly version: number;
  /** In skin tones; of two people, in two each. */
  readonly skins?: readonly { readonly emoji: string; readonly tone: number | readonly number[] }[];
}

export interface Emoji {
  readonly emoji: string;
  readonly name: string;
  /** What it is found by, in lower case. */
  readonly words: readonly string[];
  /** In each of the five skin tones, from light to dark, if it has them. */
  readonly tones?: readonly string[];
}

export interface EmojiGroup {
  readonly name: string;
  readonly emoji: readonly Emoji[];
}

/** The newest that the systems of today have pictures for. */
const NEWEST = 15.1;
/** By their numbers; what is not named here, as single skin tones, is no emoji by itself. */
function groups(): readonly (readonly [number, string])[] {
  return [
    [0, $localize`Smileys`],
    [1, $localize`People`],
    [3, $localize`Animals and nature`],
    [4, $localize`Food and drink`],
    [5, $localize`Travel and places`],
    [6, $localize`Activities`],
    [7, $localize`Objects`],
    [8, $localize`Symbols`],
    [9, $localize`Flags`],
  ];
}
const FOUND = 60;
const RECENT = 18;

export function groupsOf(listed: readonly Listed[]): EmojiGroup[] {
  return groups().map(([number, name]) => ({
    name,
    emoji: listed
      .filter(({ group, version }) => group === number && version <= NEWEST)
      .map(({ emoji, annotation, tags, skins }) => ({
        emoji: oneEmoji(emoji) ?? emoji.replace(/\ufe0f$/, ''),
        name: annotation,
        words: plain([annotation, ...tags].join(' ')).split(/[^\p{L}\p{N}]+/u),
        ...(skins
          ? { tones: TONES.flatMap((tone) => skins.find((skin) => skin.tone === tone)?.emoji ?? []) }
          : {}),
      })),
  }));
}

const TONES = [1, 2, 3, 4, 5];

/** An emoji in a skin tone; in none, 0, or where it has none, as it is. */
export function toned({ emoji, tones }: Emoji, tone: number): string {
  return tones?.[tone - 1] ?? emoji;
}

let loaded: Promise<readonly EmojiGroup[]> | undefined;

/** All of them, fetched once. */
export function loadEmoji(): Promise<readonly EmojiGroup[]> {
  loaded ??= import('emoji-picker-element-data/en/cldr-native/data.json').then(
    ({ default: listed }) => groupsOf(listed),
    (error: unknown) => {
      loaded = undefined;
      throw error;
    },
  );
  return loaded;
}

/**
 * Those for which every word of the query begins one of theirs; where that is their name, they come first.
 */
export function findEmoji(groups: readonly EmojiGroup[], query: string): Emoji[] {
  const wanted = plain(query).split(/\s+/).filter(Boolean);
  const all = groups.flatMap(({ emoji }) => emoji);
  const found = all.filter(({ words }) =>
    wanted.every((start) => words.some((word) => word.startsWith(start))),
  );
  const named = (emoji: Emoji) => (plain(emoji.name).startsWith(wanted[0] ?? '') ? 0 : 1);
  return found.sort((a, b) => named(a) - named(b)).slice(0, FOUND);
}

/** What was taken last, newest first, each once. */
export function withRecent(recent: readonly string[], emoji: string): string[] {
  return [emoji, ...recent.filter((other) => other !== emoji)].slice(0, RECENT);
}
