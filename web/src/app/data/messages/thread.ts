import type { Message } from '../../protocol/protocol';

/** What is in memory of one conversation. */
export interface Thread {
  /** By ascending seq, each once. */
  readonly messages: readonly Message[];
  /** Everything from this seq up is held, in memory or in the database; `null` until the server was asked. */
  readonly from: number | null;
  /** Whether `from` is the very beginning. */
  readonly whole: boolean;
  /** Whether nothing lies above the first of `messages`. */
  readonly top: boolean;
  readonly loading: boolean;
  /** Why the last attempt to load failed. */
  readonly failure: string | null;
}

export const EMPTY: Thread = {
  messages: [],
  from: null,
  whole: false,
  top: false,
  loading: true,
  failure: null,
};

/** A page that is read for a conversation goes up to here. */
export function lowestOf({ messages, from }: Thread): number {
  return messages[0]?.seq ?? from ?? 0;
}

/** What is in memory goes further up than what this browser keeps: it let go of what was between. */
export function isApart({ messages, from }: Thread): boolean {
  const lowest = messages[0]?.seq;
  return from !== null && lowest !== undefined && lowest < from;
}

/** A message's seq is the last 32 bits of its id. */
export function seqOf(id: string): number {
  return Number.parseInt(id.slice(-8), 16);
}
