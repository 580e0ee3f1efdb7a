import { TEXT_LIMIT } from './too-long';

const encoder = new TextEncoder();

/** Characters that are looked at for a place to split: a longer one that people see as one is no writing. */
const NEAR_END = 256;

/** The text in parts that a server takes: they end at a paragraph or else a line, a space, a character. */
export function split(text: string): string[] {
  const parts: string[] = [];
  for (let rest = text.trim(); rest;) {
    const { read } = encoder.encodeInto(rest, new Uint8Array(TEXT_LIMIT));
    const to = read === rest.length ? read : placeToSplit(rest, read);
    const part = rest.slice(0, to).trim();
    if (part) parts.push(part);
    rest = rest.slice(to).trimStart();
  }
  return parts;
}

function placeToSplit(text: string, most: number): number {
  const room = text.slice(0, most + 1);
  for (const sign of ['\n\n', '\n', ' ']) {
    const at = room.lastIndexOf(sign);
    if (at > most / 2) return at;
  }
  const from = most - NEAR_END;
  const near = text.slice(from, most + NEAR_END);
  const last = new Intl.Segmenter().segment(near).containing(NEAR_END)?.index;
  return last ? from + last : most;
}
