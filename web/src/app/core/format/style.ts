import type { Segment } from './segment';

/** Stands for what no mark can be part of: a character of an address, of a name, of code. */
const CLOSED = '\ufffc';
/** More would be thousands of elements in one message; marks beyond stay as they were written. */
const MOST_STYLED = 60;

/** A block stands on lines of its own, so the line breaks beside its backticks would be empty lines. */
const CODE = /\n?```\n?([^`]+?)\n?```\n?|`([^`\n]+)`/g;

/**
 * A pair of marks opens where a word does, not inside an expression or a path, and has no space beside it
 * within.
 */
const pair = (mark: string) =>
  new RegExp(
    `(?<=^|[\\s([{"'“‘«¿¡*_~])(?<!${mark})${mark}(?=[^\\s.,;:)\\]}/${mark}])([^\\n${mark}]*[^\\s${mark}])${mark}(?![\\p{L}\\p{N}${mark}])`,
    'gu',
  );

/**
 * The classes of the styles; a style is a bit of a number, so that one number is all styles of a character.
 */
const CLASSES = ['strong', 'em', 'del', 'code', 'block'] as const;
const [STRONG, EM, DEL, CODE_LINE, CODE_BLOCK] = [1, 2, 4, 8, 8 | 16];
const PAIRS = [
  [STRONG, pair('\\*')],
  [EM, pair('_')],
  [DEL, pair('~')],
] as const;

/**
 * What people mean with *strong*, _emphasis_, ~no longer~, `code` and blocks of it between three backticks.
 */
export function styled(segments: Segment[]): Segment[] {
  const text = segments.map((segment) => segment.text).join('');
  if (!/[*_~`]/.test(text)) return segments;
  const styles = new Uint8Array(text.length);
  const marks = new Uint8Array(text.length);
  let count = 0;
  const set = (style: number, { 0: whole, index }: RegExpExecArray, inner: string) => {
    const from = index + whole.indexOf(inner);
    marks.fill(1, index, from).fill(1, from + inner.length, index + whole.length);
    for (let at = from; at < from + inner.length; at++) styles[at]! |= style;
    count++;
  };
  const code = [...text.matchAll(CODE)].slice(0, MOST_STYLED);
  for (const match of code) set(match[1] ? CODE_BLOCK : CODE_LINE, match, match[1] ?? match[2] ?? '');
  const open = opened(text, segments, code);
  for (const [style, marked] of PAIRS) {
    for (const match of open.matchAll(marked)) {
      if (count === MOST_STYLED) break;
      set(style, match, match[1] ?? '');
    }
  }
  return cut(segments, styles, marks);
}

/** The text in which marks are looked for: addresses, names and code are closed to them. */
function opened(text: string, segments: readonly Segment[], code: readonly RegExpExecArray[]): string {
  const closed: [from: number, to: number][] = code.map(({ 0: whole, index }) => [
    index,
    index + whole.length,
  ]);
  let offset = 0;
  for (const { text, href, mention } of segments) {
    if (href ?? mention) closed.push([offset, offset + text.length]);
    offset += text.length;
  }
  const parts: string[] = [];
  let at = 0;
  for (const [from, to] of closed.sort(([a], [b]) => a - b)) {
    if (to <= at) continue;
    parts.push(text.slice(at, Math.max(at, from)), CLOSED.repeat(to - Math.max(at, from)));
    at = to;
  }
  return parts.join('') + text.slice(at);
}

/** The segments without the marks, cut where the style changes. */
function cut(segments: Segment[], styles: Uint8Array, marks: Uint8Array): Segment[] {
  const found: Segment[] = [];
  let offset = 0;
  for (const segment of segments) {
    let from = 0;
    for (let to = 1; to <= segment.text.length; to++) {
      const [before, at] = [offset + from, offset + to];
      if (to < segment.text.length && styles[at] === styles[before] && marks[at] === marks[before]) continue;
      if (!marks[before]) found.push(piece(segment, from, to, styles[before]!));
      from = to;
    }
    offset += segment.text.length;
  }
  return found;
}

function piece({ text, ...rest }: Segment, from: number, to: number, styles: number): Segment {
  const style = CLASSES.filter((_, bit) => styles & (1 << bit)).join(' ');
  // In code there are no links and no names.
  return { text: text.slice(from, to), ...(styles & CODE_LINE ? {} : rest), ...(style ? { style } : {}) };
}
