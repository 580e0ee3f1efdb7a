import type { Segment } from './text';

/** Stands for what no mark can be part of: a character of an address, of a name, of code. */
const CLOSED = '\ufffc';

const CODE = /```\n?([^`]+?)\n?```|`([^`\n]+)`/g;

/** A pair of marks opens where a word does, not inside an expression or a path, and has no space beside it within. */
const pair = (mark: string) => new RegExp(`(?<=^|[\\s([{"'“‘«¿¡*_~])(?<!${mark})${mark}(?=[^\\s.,;:)\\]}/${mark}])([^\\n${mark}]*[^\\s${mark}])${mark}(?![\\p{L}\\p{N}${mark}])`, 'gu');
const PAIRS = [
  ['strong', pair('\\*')],
  ['em', pair('_')],
  ['del', pair('~')],
] as const;

/** What people mean with *strong*, _emphasis_, ~no longer~, `code` and blocks of it between three backticks. */
export function styled(segments: Segment[]): Segment[] {
  const text = segments.map((segment) => segment.text).join('');
  if (!/[*_~`]/.test(text)) return segments;
  const styles = new Array<string>(text.length).fill('');
  const marks = new Uint8Array(text.length);
  const set = (style: string, { 0: whole, index }: RegExpMatchArray & { index: number }, inner: string) => {
    const from = index + whole.indexOf(inner);
    marks.fill(1, index, index + whole.length).fill(0, from, from + inner.length);
    for (let at = from; at < from + inner.length; at++) styles[at] = styles[at] ? `${styles[at]} ${style}` : style;
  };
  let open = text.replace(CODE, (whole) => CLOSED.repeat(whole.length));
  for (const match of text.matchAll(CODE)) set(match[1] ? 'code block' : 'code', match, match[1] ?? match[2] ?? '');
  let offset = 0;
  for (const { text, href, mention } of segments) {
    if (href ?? mention) open = open.slice(0, offset) + CLOSED.repeat(text.length) + open.slice(offset + text.length);
    offset += text.length;
  }
  for (const [style, marked] of PAIRS) for (const match of open.matchAll(marked)) set(style, match, match[1] ?? '');
  return cut(segments, styles, marks);
}

/** The segments without the marks, cut where the style changes. */
function cut(segments: Segment[], styles: readonly string[], marks: Uint8Array): Segment[] {
  const found: Segment[] = [];
  let offset = 0;
  for (const segment of segments) {
    let from = 0;
    for (let to = 1; to <= segment.text.length; to++) {
      const [before, at] = [offset + from, offset + to];
      if (to < segment.text.length && styles[at] === styles[before] && marks[at] === marks[before]) continue;
      const style = styles[before];
      const { text, ...rest } = segment;
      // In code there are no links and no names.
      if (!marks[before]) found.push({ text: text.slice(from, to), ...(style?.startsWith('code') ? {} : rest), ...(style ? { style } : {}) });
      from = to;
    }
    offset += segment.text.length;
  }
  return found;
}
