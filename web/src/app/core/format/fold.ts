import type { Block } from './blocks';

interface Limit {
  readonly characters: number;
  readonly lines: number;
}

/** More than one reads in passing. */
const FIRST: Limit = { characters: 1_500, lines: 25 };
/** What a browser lays out well within a frame's time or two. */
const NEXT: Limit = { characters: 2_500, lines: 200 };
/** The head and the button of a block of code take the time of so many lines. */
const FRAME = 4;
/** A rest that is hardly longer than the words that would stand for it comes with the part before it. */
const REST: Limit = { characters: 250, lines: 5 };

/** A block, or a piece of a `whole` one that is too long for one part. */
export type Piece = Block & { readonly whole: string; readonly from: number };

/**
 * The blocks of a message in parts that are shown one after the other; they end where a line or a word does,
 * if there is such a place.
 */
export function fold(blocks: readonly Block[]): Piece[][] {
  const parts: Piece[][] = [[]];
  let [characters, lines] = [0, 0];
  for (const block of blocks) {
    const whole = block.text;
    let from = 0;
    do {
      const limit = parts.length === 1 ? FIRST : NEXT;
      const to = endOf(whole, from, limit);
      const text = whole.slice(from, to);
      const count = text.split('\n').length + (block.kind === 'code' ? FRAME : 0);
      const room =
        characters + text.length <= limit.characters + REST.characters &&
        lines + count <= limit.lines + REST.lines + 1;
      if (!room && lines > 0) {
        parts.push([]);
        [characters, lines] = [0, 0];
        continue;
      }
      parts.at(-1)!.push({ ...block, text, whole, from });
      from = to;
      characters += text.length;
      lines += count;
    } while (from < whole.length);
  }
  return parts;
}

function endOf(text: string, from: number, limit: Limit): number {
  let line = from;
  for (let count = 0; count < limit.lines; count++) {
    const next = text.indexOf('\n', line) + 1;
    if (next === 0 || next - from > limit.characters) return within(text, from, line, limit);
    line = next;
  }
  const rest = text.slice(line, line + REST.characters + 1);
  return rest.length <= REST.characters && rest.split('\n').length <= REST.lines ? text.length : line;
}

/** No more lines than may be: it is the characters that count. */
function within(text: string, from: number, line: number, { characters }: Limit): number {
  if (text.length - from <= characters + REST.characters) return text.length;
  if (line - from > characters / 2) return line;
  const to = from + characters;
  const space = text.lastIndexOf(' ', to);
  if (space - from > characters / 2) return space + 1;
  // Not between the two halves of a character.
  return /[\udc00-\udfff]/.test(text.charAt(to)) ? to - 1 : to;
}
