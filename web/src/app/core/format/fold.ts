import type { Block } from './blocks';

/**
 * Characters and lines of a text that are shown at once: what a browser lays out well within a frame's time
 * or two.
 */
const CHARACTERS = 2_500;
const LINES = 200;
/** A rest that is hardly longer than the words that would stand for it comes with the part before it. */
const REST = 250;

/** A block, or a piece of a `whole` one that is too long for one part. */
export type Piece = Block & { readonly whole: string; readonly from: number };

/** The blocks of a message in parts that are shown one after the other. */
export function fold(blocks: readonly Block[]): Piece[][] {
  const parts: Piece[][] = [[]];
  let [characters, count] = [0, 0];
  for (const block of blocks) {
    let from = 0;
    for (const text of partsOf(block.text)) {
      const lines = text.split('\n').length;
      if (count > 0 && (characters + text.length > CHARACTERS + REST || count + lines > LINES)) {
        parts.push([]);
        [characters, count] = [0, 0];
      }
      parts.at(-1)!.push({ ...block, text, whole: block.text, from });
      from += text.length;
      characters += text.length;
      count += lines;
    }
  }
  return parts;
}

/**
 * A text in parts that are shown one after the other; they end where a line or a word does, if there is such
 * a place.
 */
export function partsOf(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (let to = endOf(text, from); to < text.length; to = endOf(text, from)) {
    parts.push(text.slice(from, to));
    from = to;
  }
  return [...parts, text.slice(from)];
}

function endOf(text: string, from: number): number {
  let line = from;
  for (let count = 0; count < LINES; count++) {
    const next = text.indexOf('\n', line) + 1;
    if (next === 0 || next - from > CHARACTERS) return within(text, from, line);
    line = next;
  }
  return line;
}

/** No more lines than may be: it is the characters that count. */
function within(text: string, from: number, line: number): number {
  if (text.length - from <= CHARACTERS + REST) return text.length;
  if (line - from > CHARACTERS / 2) return line;
  const to = from + CHARACTERS;
  const space = text.lastIndexOf(' ', to);
  if (space - from > CHARACTERS / 2) return space + 1;
  // Not between the two halves of a character.
  return /[\udc00-\udfff]/.test(text.charAt(to)) ? to - 1 : to;
}
