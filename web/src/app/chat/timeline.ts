import type { Attachment, Cursors, Message } from '../protocol/protocol';
import { dayNumber } from '../format/time';
import { keyOf, type Pending } from './pending';

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
}

/** Messages of one sender belong together while no more than this lies between them. */
const GROUP_WITHIN = 5 * 60_000;

export function tickOf(seq: number, others: readonly Cursors[]): Tick {
  if (others.length === 0) return 'read';
  if (others.every(({ readSeq }) => readSeq >= seq)) return 'read';
  if (others.every(({ deliveredSeq }) => deliveredSeq >= seq)) return 'delivered';
  return 'sent';
}

type Line = Omit<Entry, 'startsDay' | 'startsGroup' | 'endsGroup'> & { readonly day: number };

/** What a chat shows: what the server stored, then what still waits, in days and groups. */
export function timeline(messages: readonly Message[], pending: readonly Pending[], me: string, others: readonly Cursors[]): Entry[] {
  const stored = new Set<string>();
  const lines: Line[] = messages.map((message) => {
    const { sender, text, attachments, replyTo, seq } = message;
    const own = sender === me;
    const key = keyOf(message);
    const time = new Date(message.timestamp);
    if (own) stored.add(key);
    return {
      key,
      own,
      sender,
      text,
      attachments,
      time,
      day: dayNumber(time),
      message,
      ...(replyTo ? { replyTo } : {}),
      ...(own ? { tick: tickOf(seq, others) } : {}),
    };
  });
  for (const entry of pending) {
    const key = keyOf({ sender: me, clientId: entry.clientId });
    // Its acknowledgement was lost, but the message came all the same: shown once.
    if (stored.has(key)) continue;
    const { text, attachments, replyTo, writtenAt, problem } = entry;
    const time = new Date(writtenAt);
    const line: Line = {
      key,
      own: true,
      sender: me,
      text,
      attachments,
      time,
      day: dayNumber(time),
      pending: entry,
      ...(replyTo ? { replyTo } : {}),
      tick: problem ? 'failed' : 'pending',
    };
    // What was refused keeps its place in time, and what was written after it goes on below.
    const at = problem ? lines.findLastIndex((before) => before.time <= time) + 1 : lines.length;
    lines.splice(at, 0, line);
  }
  return lines.map((line, index) => {
    const before = lines[index - 1];
    const after = lines[index + 1];
    return { ...line, startsDay: before?.day !== line.day, startsGroup: !together(before, line), endsGroup: !together(line, after) };
  });
}

function together(a: Line | undefined, b: Line | undefined): boolean {
  if (!a || !b || a.sender !== b.sender || a.day !== b.day) return false;
  return Math.abs(b.time.getTime() - a.time.getTime()) <= GROUP_WITHIN;
}
