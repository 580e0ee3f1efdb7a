import { plain } from '../../core/format/text';
import { handleOf, withoutUser } from '../../core/handle';
import type { Member } from '../../protocol/protocol';

/** A name that is being typed: where its `@` is, and what follows it. */
export interface Typing {
  readonly from: number;
  readonly query: string;
}

const SHOWN = 6;

/** The name that ends at the caret; nothing where that is no name, or the middle of an address. */
export function nameAt(text: string, caret: number): Typing | null {
  const found = /(?<![\w.-])@([\w.-]*)$/.exec(text.slice(0, caret));
  return found ? { from: found.index, query: found[1] ?? '' } : null;
}

/** Members whose username, or a word of whose name, begins so; those whose username does come first. */
export function suggest(members: readonly Member[], query: string, me: string): Member[] {
  const wanted = plain(query);
  const others = withoutUser(members, me);
  const byUsername = others.filter(({ username }) => handleOf(username).startsWith(wanted));
  const byName = others.filter(
    (member) =>
      !byUsername.includes(member) &&
      member.displayName.split(/\s+/).some((word) => plain(word).startsWith(wanted)),
  );
  return [...byUsername, ...byName].slice(0, SHOWN);
}

/** The text with the name written out, and where the caret then is. */
export function complete(
  text: string,
  caret: number,
  { from }: Typing,
  username: string,
): { text: string; caret: number } {
  const written = `@${username} `;
  return {
    text: text.slice(0, from) + written + text.slice(caret).replace(/^ /, ''),
    caret: from + written.length,
  };
}
