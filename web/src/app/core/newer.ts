import type { Message } from '../protocol/protocol';

/** Whether `a` is a later state than `b` of the same message. */
export function newer(a: Message, b: Message): boolean {
  return (a.changeSeq ?? a.seq) >= (b.changeSeq ?? b.seq);
}
