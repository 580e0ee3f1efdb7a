import { hasUser, sameUser } from '../../core/handle';
import { list } from '../../core/language/list';
import { plural } from '../../core/language/plural';
import type { Message } from '../../protocol/protocol';

/** The few that are at hand; any other can be typed. */
export const PALETTE = ['👍', '❤️', '😂', '😮', '😢', '🙏'] as const;

/** One emoji under a message. */
export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  /** Whether one's own is among them. */
  readonly mine: boolean;
  /** Who, for the tooltip and a screen reader. */
  readonly names: string;
}

/** Names that are written out; the others are counted. */
const NAMED = 10;

/**
 * `isMine` says whether this person reacted with an emoji; they may not be among those whom the message
 * names.
 */
export function reactionsOf(
  { reactions = {}, reactionCounts = {} }: Pick<Message, 'reactions' | 'reactionCounts'>,
  names: ReadonlyMap<string, string>,
  me: string,
  isMine: (emoji: string) => boolean,
): Reaction[] {
  const you = $localize`You`;
  return Object.entries(reactions).map(([emoji, usernames]) => {
    const count = reactionCounts[emoji] ?? usernames.length;
    const mine = isMine(emoji);
    const named = usernames
      .slice(0, NAMED)
      .map((username) => (sameUser(username, me) ? you : (names.get(username) ?? username)));
    // One looks for oneself first, wherever one stands in the list.
    if (mine && !hasUser(usernames.slice(0, NAMED), me)) named.splice(NAMED - 1, 1, you);
    return { emoji, count, mine, names: withMore(list(named, 'narrow'), count - named.length) };
  });
}

function withMore(names: string, count: number): string {
  if (count <= 0) return names;
  const more = plural(count, $localize`{count, plural, one {# more} other {# more}}`);
  return $localize`${names}:names: and ${more}:more:`;
}

let emoji: RegExp | undefined;

/** The emoji that was typed, or `null` where that is not exactly one. */
export function oneEmoji(typed: string): string | null {
  emoji ??= new RegExp('^\\p{RGI_Emoji}$', 'v');
  const text = typed.trim();
  // Some keyboards leave out what makes a sign an emoji, as in “❤”.
  return [text, `${text}\ufe0f`].find((candidate) => emoji?.test(candidate)) ?? null;
}
