/** A stretch of a message that stands on lines of its own, without the signs that made it one. */
export interface Block {
  readonly kind: 'text' | 'quote' | 'list' | 'code';
  readonly text: string;
  /** Of code, as it is named behind the backticks. */
  readonly language?: string;
}

/** A line of a quote or a text, or an item of a list: that has a mark, and a depth in the list. */
export interface Line {
  readonly text: string;
  readonly mark?: string;
  readonly depth?: number;
}

/** Whether a text may have any block: most have none. */
const MAY_HAVE = /^ *(?:>|```|(?:[-*]|\d+[.)]) )/m;
const FENCE = /^ {0,3}(`{3,})([^`]*)$/;
const LANGUAGE = /^\s*([\w+#.-]{0,20})\s*$/;
const QUOTED = /^>(?: |$)/;
/** An arrow alone is none. */
const QUOTE = /^> +\S/;
const ITEM = /^( {0,8})([-*]|\d{1,4}[.)]) +(?=\S)/;
/** A line that goes on with the item above it. */
const WITHIN_ITEM = /^ {2,}\S/;
const DEEPEST = 3;

/**
 * Finds code between lines of backticks, quotes (`> `) and lists (`- `, `1. `). A `#` is left alone: in a chat
 * it begins a number or a comment as often as a heading. Each line is looked at a few times, whatever is in it.
 */
export function blocksOf(text: string): Block[] {
  if (!MAY_HAVE.test(text)) return [{ kind: 'text', text }];
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let written = 0;
  const closing = closingOf(lines);
  for (let at = 0; at < lines.length;) {
    const { to, ...block } = codeAt(lines, at, closing) ??
      quoteAt(lines, at) ??
      listAt(lines, at) ?? { to: at };
    if (!('kind' in block)) {
      at++;
      continue;
    }
    if (at > written) blocks.push({ kind: 'text', text: lines.slice(written, at).join('\n') });
    blocks.push(block);
    at = written = to;
  }
  if (written < lines.length) blocks.push({ kind: 'text', text: lines.slice(written).join('\n') });
  return blocks;
}

/** The lines that a block is shown in. */
export function linesOf({ kind, text }: Block): Line[] {
  if (kind === 'code') return [];
  if (kind !== 'list') return [{ text }];
  const items: { text: string; mark: string; depth: number }[] = [];
  for (const line of text.split('\n').filter((line) => line.trim())) {
    const [whole, indent, sign] = ITEM.exec(line) ?? [];
    const last = items.at(-1);
    if (whole !== undefined)
      items.push({
        text: line.slice(whole.length),
        mark: /\d/.test(sign!) ? sign! : '•',
        depth: Math.min(indent!.length >> 1, DEEPEST),
      });
    else if (last) last.text += `\n${line.trim()}`;
    // The rest of an item of which the beginning is in the part above.
    else items.push({ text: line.trim(), mark: '', depth: 0 });
  }
  return items;
}

type Found = Block & { readonly to: number };

/** The lines below that close code, the nearest last; none closes what begins with `none` backticks or more. */
interface Closing {
  readonly lines: { readonly at: number; readonly length: number }[];
  none: number;
}

function closingOf(lines: readonly string[]): Closing {
  const found = lines.flatMap((line, at) => {
    const [, ticks, rest] = FENCE.exec(line) ?? [];
    return ticks && !rest!.trim() ? { at, length: ticks.length } : [];
  });
  return { lines: found.reverse(), none: Infinity };
}

/** Code ends at a line with as many backticks as it begins with; without one it is no code. */
function codeAt(lines: readonly string[], at: number, closing: Closing): Found | null {
  const [, ticks, rest] = FENCE.exec(lines[at]!) ?? [];
  const [, language] = LANGUAGE.exec(rest ?? '') ?? [];
  if (!ticks || language === undefined || ticks.length >= closing.none) return null;
  // Those above are behind for good.
  while (closing.lines.length > 0 && closing.lines.at(-1)!.at <= at) closing.lines.pop();
  const to = closing.lines.findLast(({ length }) => length >= ticks.length)?.at;
  if (to === undefined) closing.none = ticks.length;
  if (to === undefined || to === at + 1) return null;
  const text = lines.slice(at + 1, to).join('\n');
  return text.trim() ? { kind: 'code', text, language: language.toLowerCase(), to: to + 1 } : null;
}

function quoteAt(lines: readonly string[], at: number): Found | null {
  if (!QUOTE.test(lines[at]!)) return null;
  let to = at + 1;
  while (to < lines.length && QUOTED.test(lines[to]!)) to++;
  const text = lines
    .slice(at, to)
    .map((line) => line.replace(QUOTED, ''))
    .join('\n');
  return { kind: 'quote', text: text.trimEnd(), to };
}

/** One line is no list: it may be a minus, or a date. */
function listAt(lines: readonly string[], at: number): Found | null {
  let items = 0;
  let to = at;
  for (; to < lines.length; to++) {
    if (ITEM.test(lines[to]!)) items++;
    else if (items === 0) break;
    else if (!WITHIN_ITEM.test(lines[to]!) && !(lines[to]!.trim() === '' && ITEM.test(lines[to + 1] ?? '')))
      break;
  }
  return items > 1 ? { kind: 'list', text: lines.slice(at, to).join('\n'), to } : null;
}
