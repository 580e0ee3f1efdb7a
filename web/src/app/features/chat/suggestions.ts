import { complete, nameAt, suggest } from '../../data/messages/mention';
import type { Member } from '../../protocol/protocol';
import { findEmoji, loadEmoji, toned } from './emoji';
import { keptTone } from './skin-tone';

/** What may stand in place of what is typed before the caret. */
export interface Suggestion {
  /** What it is known by among the others: a username or an emoji. */
  readonly key: string;
  readonly title: string;
  readonly note: string;
  /** A member of the group, … */
  readonly username?: string;
  /** … or an emoji. */
  readonly emoji?: string;
  /** The text with it, and where the caret then is. */
  readonly written: { readonly text: string; readonly caret: number };
}

const SHOWN = 6;
/** `:smi`, but not the time of day, and no smiley such as `:D`. */
const NAMED = /(?<![\p{L}\p{N}:])(?<name>:[a-z][\w+-]+)$/u;

/** Members whose name begins with what stands behind an `@` before the caret, or emoji behind a `:`. */
export async function suggestions(
  text: string,
  caret: number,
  members: readonly Member[],
  me: string,
  tone = keptTone(),
): Promise<readonly Suggestion[]> {
  const naming = members.length > 0 ? nameAt(text, caret) : null;
  if (naming)
    return suggest(members, naming.query, me).map(({ displayName, username }) => ({
      key: username,
      title: displayName,
      note: `@${username}`,
      username,
      written: complete(text, caret, naming, username),
    }));
  const typed = NAMED.exec(text.slice(0, caret))?.groups?.['name'];
  if (!typed) return [];
  const from = caret - typed.length;
  const found = findEmoji(await loadEmoji(), typed.slice(1).replaceAll('_', ' '));
  return found.slice(0, SHOWN).map((item) => {
    const emoji = toned(item, tone);
    return {
      key: emoji,
      title: item.name,
      note: '',
      emoji,
      written: { text: text.slice(0, from) + emoji + text.slice(caret), caret: from + emoji.length },
    };
  });
}
