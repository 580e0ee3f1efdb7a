import { newer } from '../../core/newer';
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

/** Both lists in one, by ascending seq, each message once and in its latest state. */
export function merge(held: readonly Message[], arrived: readonly Message[]): readonly Message[] {
  if (arrived.length === 0) return held;
  const last = held.at(-1);
  const first = arrived[0]!;
  // Nearly always: one new message behind all others.
  if (arrived.length === 1 && (!last || first.seq > last.seq)) return [...held, first];
  const bySeq = new Map(held.map((message) => [message.seq, message]));
  for (const message of arrived) {
    const known = bySeq.get(message.seq);
    if (!known || newer(message, known)) bySeq.set(message.seq, message);
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** The later state of a message that is held; nothing is added. */
export function replace(held: readonly Message[], changed: Message): readonly Message[] {
  const index = held.findIndex((message) => message.id === changed.id);
  return index < 0 || !newer(changed, held[index]!) ? held : held.with(index, changed);
}

/** A message's seq is the last 32 bits of its id. */
export function seqOf(id: string): number {
  return Number.parseInt(id.slice(-8), 16);
}
