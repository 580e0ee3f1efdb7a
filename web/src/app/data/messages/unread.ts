import { hasUser } from '../../core/handle';
import type { Entry } from './timeline';

/** The first and the last line in the window, by their index; `last` is below `first` in an empty one. */
export interface Window {
  readonly first: number;
  readonly last: number;
}

/** Somebody else wrote it above the read mark, and it was not deleted. */
export function isUnread({ own, message }: Entry, readSeq: number): boolean {
  return !own && message !== undefined && !message.deletedAt && message.seq > readSeq;
}

/**
 * Whether no unread message lies above the first line in memory. `top` says that nothing at all does.
 */
export function reachesUnread(entries: readonly Entry[], readSeq: number, top: boolean): boolean {
  const lowest = entries.find(({ message }) => message)?.message?.seq;
  return top || (lowest !== undefined && lowest <= readSeq + 1);
}

/** The first unread message, if it is certain that none lies above it. */
export function firstUnread(entries: readonly Entry[], readSeq: number, top = false): string | null {
  if (!reachesUnread(entries, readSeq, top)) return null;
  return entries.find((entry) => isUnread(entry, readSeq))?.key ?? null;
}

/**
 * How far one has read with these lines in the window: to the last of them, if no unread message lies between
 * the read mark and the first; else 0. A mark stands for everything below it, so it must not skip a message.
 */
export function readThrough(
  entries: readonly Entry[],
  readSeq: number,
  top: boolean,
  { first, last }: Window,
): number {
  if (!reachesUnread(entries, readSeq, top)) return 0;
  if (entries.slice(0, first).some((entry) => isUnread(entry, readSeq))) return 0;
  const seen = entries.slice(0, last + 1).findLast(({ message }) => message)?.message?.seq ?? 0;
  return seen > readSeq ? seen : 0;
}

/** What to know to count the unread messages around the window. */
export interface UnreadPart {
  readonly entries: readonly Entry[];
  readonly readSeq: number;
  /** Nothing lies above the first of `entries`. */
  readonly top: boolean;
  /** The newest messages lie below the last of `entries`. */
  readonly apart: boolean;
  /** The count of the whole conversation, as the server last said. */
  readonly unread: number;
}

/**
 * How many unread messages lie above and below the window. Where not all of them are in memory, the rest of
 * the server's count is above or below; in a part of which that is not known, nothing is said of those above.
 */
export function unreadAround(part: UnreadPart, { first, last }: Window): { above: number; below: number } {
  const { entries, readSeq, top, apart, unread } = part;
  const count = (from: number, to?: number) =>
    entries.slice(from, to).filter((entry) => isUnread(entry, readSeq)).length;
  const [above, seen, below] = [count(0, first), count(first, last + 1), count(last + 1)];
  const rest = Math.max(0, unread - above - seen - below);
  const reached = reachesUnread(entries, readSeq, top);
  if (apart) return { above: reached ? above : 0, below: below + rest };
  return { above: reached ? above : above + rest, below };
}

/** The next unread message that names this person: below the window, or else above it. */
export function nextMention(
  entries: readonly Entry[],
  readSeq: number,
  me: string,
  { first, last }: Window,
): string | null {
  const named = (entry: Entry) => isUnread(entry, readSeq) && hasUser(entry.message?.mentions, me);
  const below = entries.find((entry, index) => index > last && named(entry));
  return (below ?? entries.find((entry, index) => index < first && named(entry)))?.key ?? null;
}
