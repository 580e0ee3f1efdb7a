import { FOLDED } from '../../protocol/protocol';
import { UserMap } from '../handle';
import type { Link } from './links';
import type { Segment } from './segment';
import { styled } from './style';

/** Splits a text at the links and names that were found in it, and at its marks. */
export function segments(
  text: string,
  mentions: readonly string[] = [],
  links: readonly Link[] = [],
): Segment[] {
  const found = linked(text, links);
  const named =
    mentions.length === 0 || !text.includes('@')
      ? found
      : mentioned(found, new UserMap(mentions.map((name) => [name, name])));
  return styled(named).map((segment) => ({ ...segment, text: legible(segment.text) }));
}

/**
 * No writing system puts so many signs on one letter, and to set thousands of them takes a browser half a
 * second.
 */
const HEAPED = /(\p{M}{16})\p{M}+/gu;

function legible(text: string): string {
  return text.replace(HEAPED, '$1');
}

function linked(text: string, links: readonly Link[]): Segment[] {
  const found: Segment[] = [];
  let at = 0;
  for (const { from, to, href, label, host } of links) {
    if (from > at) found.push({ text: text.slice(at, from) });
    found.push({ text: label ?? text.slice(from, to), href, ...(host ? { host } : {}) });
    at = to;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

const NAME = /(?<![\w.-])@([\w.-]+)/g;
/** More would be thousands of elements in one message; the names beyond stay as they were written. */
const MOST_NAMES = 60;
const LONGEST_NAME = 32;

function mentioned(segments: readonly Segment[], mentions: UserMap<string>): Segment[] {
  const found: Segment[] = [];
  let count = 0;
  for (const segment of segments) {
    if (segment.href) {
      found.push(segment);
      continue;
    }
    const { text } = segment;
    let from = 0;
    for (const match of text.matchAll(NAME)) {
      if (count === MOST_NAMES) break;
      const end = match.index + 1 + nameLength(match[1] ?? '', mentions);
      const mention = mentions.get(text.slice(match.index + 1, end));
      if (!mention) continue;
      if (match.index > from) found.push({ text: text.slice(from, match.index) });
      found.push({ text: text.slice(match.index, end), mention });
      from = end;
      count++;
    }
    if (from < text.length) found.push({ text: text.slice(from) });
  }
  return found;
}

/** A name may end a sentence: as on the server, without the marks behind it if there is nobody with them. */
function nameLength(typed: string, mentions: UserMap<string>): number {
  const mark = (end: number) => '._-'.includes(typed[end - 1]!);
  let end = typed.length;
  while (end > LONGEST_NAME && mark(end)) end--;
  while (end > 0 && end <= LONGEST_NAME && mark(end) && !mentions.has(typed.slice(0, end))) end--;
  return end;
}

/** Longer than any three emoji. */
const LONGEST = 60;
let emoji: RegExp | undefined;

/** Whether a text is one to three emoji and nothing else, which are shown large. */
export function emojiOnly(text: string): boolean {
  // All emoji there are make a large expression: most texts are ruled out without it.
  if (text.length > LONGEST || /[\p{L}.,]/u.test(text)) return false;
  emoji ??= new RegExp('^(?:\\p{RGI_Emoji}\\s*){1,3}$', 'v');
  return emoji.test(text.trim());
}

/** A text on one line, for previews. */
export function oneLine(text: string, most = 240): string {
  // A few characters of white space may become one.
  return text
    .trimStart()
    .slice(0, 4 * most)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, most);
}

/**
 * Marks that make no other word of it, as the server leaves them out: accents, the points of Hebrew and
 * Arabic, and invisible signs.
 */
const LEFT_OUT =
  /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u00ad\u200b-\u200d\ufe00-\ufe0f]/g;

/**
 * Letters without case and accents, so that “jose” finds “José” and “oresund” “Øresund”: as the server folds
 * them.
 */
export function plain(text: string): string {
  const bare = text.normalize('NFKD').replace(LEFT_OUT, '').toLowerCase();
  return bare.replace(/\P{ASCII}/gu, (letter) => FOLDED[letter] ?? letter);
}

/**
 * One or two letters for a person without a picture, with their marks; of a name without letters its first
 * character.
 */
export function initials(name: string): string {
  const letters = name.split(/[\s._-]+/).flatMap((word) => /[\p{L}\p{N}]\p{M}{0,2}/u.exec(word) ?? []);
  const chosen = letters.length > 1 ? [letters[0], letters.at(-1)] : letters;
  return chosen.join('').toLocaleUpperCase() || [...name.trim()][0] || '?';
}
