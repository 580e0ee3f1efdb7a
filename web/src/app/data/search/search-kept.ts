import { type KeptMessages, newestFirst } from '../../core/disk/kept-messages';
import { sameUser } from '../../core/handle';
import type { ConversationId, Hit, Message } from '../../protocol/protocol';
import type { Asked } from './asked';
import { fragmentOf } from './fragment';
import { Words } from './words';

/** Messages that one search looks at, and those it finds. */
const MOST = 20_000;
const FOUND = 50;
/** Of a conversation among others; where one is searched by itself, all that is kept. */
const EACH = 2_000;

/**
 * Searches what this browser keeps, in the conversations as they are given, which is the newest first. Finds the
 * newest messages of each, and gives them by their time.
 */
export async function searchKept(
  kept: KeptMessages,
  conversations: readonly ConversationId[],
  asked: Asked,
  stop?: AbortSignal,
): Promise<Hit[]> {
  const words = new Words(asked.query);
  const hits: Hit[] = [];
  let looked = 0;
  for (const id of asked.within ? [asked.within] : conversations) {
    if (looked >= MOST || hits.length === FOUND) break;
    const end = Math.min(MOST, asked.within ? MOST : looked + EACH);
    for await (const page of newestFirst(kept, id)) {
      if (stop?.aborted) return [];
      for (const message of page)
        if (hits.length < FOUND && isWanted(message, asked) && words.matches(message.text))
          hits.push({ message, fragment: fragmentOf(message.text, words) });
      // A conversation of which nothing is kept costs a look, too.
      looked += page.length + 1;
      if (looked >= end || hits.length === FOUND) break;
    }
  }
  return hits.sort((a, b) => (a.message.timestamp < b.message.timestamp ? 1 : -1));
}

function isWanted({ sender, timestamp, deletedAt }: Message, { from, after, before }: Asked): boolean {
  const time = new Date(timestamp);
  return (
    !deletedAt && (!from || sameUser(sender, from)) && (!after || time >= after) && (!before || time < before)
  );
}
