import { styled } from './style';

/** A stretch of a message's text; with `href`, a link; with `mention`, the username of somebody whom it names. */
export interface Segment {
  text: string;
  href?: string;
  mention?: string;
  /** Classes of the style that marks around it give it. */
  style?: string;
}

const LINK = /\bhttps?:\/\/[^\s<>"'“”`]+/gi;

/** Splits a text at its web addresses, at the names of those whom the server found mentioned in it, and at its marks. */
export function segments(text: string, mentions: readonly string[] = []): Segment[] {
  const found = linked(text);
  return styled(mentions.length === 0 ? found : found.flatMap((segment) => (segment.href ? [segment] : mentioned(segment.text, mentions))));
}

/** A full stop or bracket that closes the sentence is not part of an address. */
function linked(text: string): Segment[] {
  const found: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const address = trimmed(match[0]);
    if (!URL.canParse(address)) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    found.push({ text: address, href: address });
    from = match.index + address.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

const NAME = /(?<![\w.-])@([\w.-]+)/g;

function mentioned(text: string, mentions: readonly string[]): Segment[] {
  const found: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(NAME)) {
    const mention = longest(match[1] ?? '', mentions);
    if (!mention) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    from = match.index + 1 + mention.length;
    found.push({ text: text.slice(match.index, from), mention });
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** A name may end a sentence: as the server does, without the marks behind it if there is nobody with them. */
function longest(typed: string, mentions: readonly string[]): string | undefined {
  for (let name = typed.toLowerCase(); name !== ''; name = name.slice(0, -1)) {
    const mention = mentions.find((username) => username.toLowerCase() === name);
    if (mention || !/[._-]$/.test(name)) return mention;
  }
  return undefined;
}

function trimmed(address: string): string {
  let end = address.replace(/[.,;:!?…]+$/, '');
  while (end.endsWith(')') && end.split('(').length < end.split(')').length) end = end.slice(0, -1).replace(/[.,;:!?…]+$/, '');
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
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 240);
}

/** Letters without case and accents, so that “jose” finds “José”. */
export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** One or two letters for a person without a picture; a whole character each, even outside the basic plane. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words;
  return chosen.map((word) => [...(word ?? '')][0] ?? '').join('').toLocaleUpperCase() || '?';
}
