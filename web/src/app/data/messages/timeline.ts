import { dayNumber } from '../../core/format/time';
import { sameUser } from '../../core/handle';
import type { Attachment, Cursors, Message } from '../../protocol/protocol';
import { keyOf, type Pending } from '../outbox/pending';
import type { SystemMessage } from './system-message';

/** How far a message of one's own got. */
export type Tick = 'pending' | 'failed' | 'sent' | 'delivered' | 'read';

/** One line of a chat: a message, with what its neighbours make of it. */
export interface Entry {
  readonly key: string;
  readonly own: boolean;
  readonly sender: string;
  readonly text: string;
  readonly attachments?: readonly Attachment[] | undefined;
  readonly time: Date;
  /** Set from when the server has it. */
  readonly message?: Message;
  /** Set until then. */
  readonly pending?: Pending;
  readonly replyTo?: string;
  readonly tick?: Tick;
  /** The first of its local day carries the day's heading. */
  readonly startsDay: boolean;
  /** Whether it begins and ends a run of one sender's messages, which stand close together. */
  readonly startsGroup: boolean;
  readonly endsGroup: boolean;
  /**
   * How the group changed before it: on an earlier day, and on its own; after it, only at the end of what the
   * server has.
   */
  readonly earlier?: readonly SystemMessage[];
  readonly before?: readonly SystemMessage[];
  readonly after?: readonly SystemMessage[];
}

/** Messages of one sender belong together while no more than this lies between them. */
const GROUP_WITHIN = 5 * 60_000;

export function tickOf(seq: number, others: readonly Cursors[]): Tick {
  if (others.length === 0) return 'read';
  if (others.every(({ readSeq }) => readSeq >= seq)) return 'read';
  if (others.every(({ deliveredSeq }) => deliveredSeq >= seq)) return 'delivered';
  return 'sent';
}

type Line = { -readonly [Key in keyof Entry]: Entry[Key] } & { readonly day: number };

/** What a chat shows: what the server stored, then what still waits, in days and groups. */
export function timeline(
  messages: readonly Message[],
  pending: readonly Pending[],
  me: string,
  others: readonly Cursors[],
  notes: readonly SystemMessage[] = [],
): Entry[] {
  const stored = new Set<string>();
  const lines = messages.map((message) => {
    const own = sameUser(message.sender, me);
    const line = lineOf(keyOf(message), own, new Date(message.timestamp), message);
    line.message = message;
    if (own) {
      line.tick = tickOf(message.seq, others);
      stored.add(line.key);
    }
    return line;
  });
  for (const entry of pending) {
    const key = keyOf({ sender: me, clientId: entry.clientId });
    // Its acknowledgement was lost, but the message came all the same: shown once.
    if (stored.has(key)) continue;
    const time = new Date(entry.writtenAt);
    const line = lineOf(key, true, time, { ...entry, sender: me });
    line.pending = entry;
    line.tick = entry.problem ? 'failed' : 'pending';
    // What was refused keeps its place in time, and what was written after it goes on below.
    const at = entry.problem ? lines.findLastIndex((before) => before.time <= time) + 1 : lines.length;
    lines.splice(at, 0, line);
  }
  for (const [index, line] of lines.entries()) {
    const before = lines[index - 1];
    line.startsDay = before?.day !== line.day;
    line.startsGroup = !together(before, line);
    line.endsGroup = !together(line, lines[index + 1]);
  }
  if (notes.length > 0) put(notes, lines);
  return lines;
}

/** Filled in place: there may be thousands, and copies of them take longer than a frame. */
function lineOf(
  key: string,
  own: boolean,
  time: Date,
  {
    sender,
    text,
    attachments,
    replyTo,
  }: Pick<Entry, 'sender' | 'text' | 'attachments'> & { readonly replyTo?: string },
): Line {
  const line: Line = {
    key,
    own,
    sender,
    text,
    attachments,
    time,
    day: dayNumber(time),
    startsDay: false,
    startsGroup: false,
    endsGroup: false,
  };
  if (replyTo) line.replyTo = replyTo;
  return line;
}

/**
 * Each note before the first message that was written after it, and behind the last one where there is none.
 */
function put(notes: readonly SystemMessage[], lines: readonly Line[]): void {
  const stored = lines.filter(({ message }) => message);
  let at = 0;
  for (const note of notes) {
    while (at < stored.length && stored[at]!.message!.seq < note.seq) at++;
    const [line, last] = [stored[at], stored.at(-1)];
    if (line?.startsDay && dayNumber(note.time) < line.day) line.earlier = [...(line.earlier ?? []), note];
    else if (line) line.before = [...(line.before ?? []), note];
    else if (last) last.after = [...(last.after ?? []), note];
  }
}

function together(a: Line | undefined, b: Line | undefined): boolean {
  if (!a || !b || a.day !== b.day || !sameUser(a.sender, b.sender)) return false;
  return Math.abs(b.time.getTime() - a.time.getTime()) <= GROUP_WITHIN;
}
