import { Failure } from '../../core/http/problem';
import { plural } from '../../core/language/plural';
import type { Problem } from '../../protocol/protocol';

/**
 * Bytes of a text that a server takes unless it is set otherwise: for a warning; the server says for certain.
 */
const TEXT_LIMIT = 16 * 1024;

/** Bytes of a packet, likewise. Over a larger one the server closes the connection, and so cannot say why. */
const PACKET_LIMIT = 128 * 1024;

/** What surrounds the event in its packet: types and the number of the acknowledgement. */
const FRAME = 32;

const encoder = new TextEncoder();
const bytes = (text: string) => encoder.encode(text).length;

/** How many characters at its end are too many for what servers usually take; 0 where none are. */
export function excess(text: string): number {
  // No UTF-16 unit becomes more than three bytes.
  if (text.length * 3 <= TEXT_LIMIT || bytes(text) <= TEXT_LIMIT) return 0;
  // What fits ends between two characters, and the rest is counted in characters, too.
  const { read } = encoder.encodeInto(text, new Uint8Array(TEXT_LIMIT));
  let over = 0;
  for (let at = read; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) over++;
  return over;
}

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

export function tooLongBy(over: number): string {
  return plural(
    over,
    $localize`{count, plural, one {Too long by # character.} other {Too long by # characters.}}`,
  );
}

/** Throws where the packet of this request is larger than servers usually take. */
export function checkPacket(event: string, payload: { text: string }): void {
  if (bytes(JSON.stringify([event, payload])) + FRAME > PACKET_LIMIT) throw tooLong(payload.text);
}

/** What the server would say if it could: in English, as it does. */
export function tooLong(text: string): Failure {
  const problem: Problem = {
    type: 'urn:aldis:problem:text_too_long',
    title: 'The text is too long',
    status: 413,
    detail: `A text of ${bytes(text).toLocaleString('en')} bytes is too long. Split it into several messages.`,
    code: 'text_too_long',
    retryable: false,
    field: 'text',
  };
  return new Failure(problem);
}
