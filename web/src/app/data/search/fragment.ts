import type { Words } from './words';

/** A stretch of a found text; marked where it is what was looked for. */
export interface Part {
  readonly text: string;
  readonly marked: boolean;
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

function plain(html: string): string {
  return html.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
}

/**
 * What the server found, as text: its HTML has `<mark>` and escaped characters, and is never made HTML of the
 * page.
 */
export function parts(fragment: string): Part[] {
  const pieces = fragment.split(/<mark>(.*?)<\/mark>/s);
  return pieces
    .map((piece, index) => ({ text: plain(piece), marked: index % 2 === 1 }))
    .filter(({ text }) => text !== '');
}

/** Characters of a text in a fragment, and those before the first word that was found. */
const LONG = 160;
const BEFORE = 48;

/** Of a text that is here, a part around the first of these words, as the server gives one. */
export function fragmentOf(text: string, words: Words): string {
  const marks = words.marks(text);
  const from = Math.max(0, (marks[0]?.[0] ?? 0) - BEFORE);
  const to = from + LONG;
  let html = from > 0 ? '…' : '';
  let at = from;
  for (const [start, end] of marks) {
    if (start < at || start >= to) continue;
    html += `${escaped(text.slice(at, start))}<mark>${escaped(text.slice(start, end))}</mark>`;
    at = end;
  }
  html += escaped(text.slice(at, Math.max(at, to)));
  return to < text.length ? `${html}…` : html;
}

function escaped(text: string): string {
  return text.toWellFormed().replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
