import { Failure } from '../../core/http/problem';
import { plural } from '../../core/language/plural';
import type { Problem } from '../../protocol/protocol';

/**
 * Bytes of a text that a server takes unless it is set otherwise: for a warning; the server says for certain.
 */
export const TEXT_LIMIT = 16 * 1024;

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
