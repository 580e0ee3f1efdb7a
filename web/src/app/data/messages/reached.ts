import type { Member } from '../../protocol/protocol';

export interface Reached {
  readonly name: string;
  readonly members: readonly Member[];
}

/** Whom a message reached, and how far, by name; a heading without anybody is left out. */
export function reached(seq: number, others: readonly Member[]): Reached[] {
  const sorted = [...others].sort((a, b) => a.displayName.localeCompare(b.displayName));
  const read = sorted.filter(({ readSeq }) => readSeq >= seq);
  const delivered = sorted.filter(({ readSeq, deliveredSeq }) => readSeq < seq && deliveredSeq >= seq);
  const waiting = sorted.filter(({ readSeq, deliveredSeq }) => Math.max(readSeq, deliveredSeq) < seq);
  const all: Reached[] = [
    { name: $localize`Read by`, members: read },
    { name: $localize`Delivered to`, members: delivered },
    { name: $localize`Sent to`, members: waiting },
  ];
  return all.filter(({ members }) => members.length > 0);
}
