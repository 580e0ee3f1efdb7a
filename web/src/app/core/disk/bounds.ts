import type { ConversationId } from '../../protocol/protocol';
import type { Handle } from './schema';

/** So many messages of a conversation are kept; the history below them is read from the server. */
export const MESSAGES = 5_000;
/** So many stay where the disk is full, of the conversations that were opened longest ago. */
const FEW = 200;
/** So many of these make room at a time. */
const GROUP = 20;
/** Bytes of small pictures that are kept. */
const PICTURES = 100 << 20;
/** What a picture counts whose answer did not say how long it is. */
const USUAL = 40_000;

/** The part of a conversation that lost its oldest messages begins at `from` now. */
export interface Trimmed {
  readonly conversationId: ConversationId;
  readonly from: number;
}

/** Lets go of the oldest messages of a conversation that has more than `most`; `null` if it has not. */
export async function trimMessages(db: Handle, id: ConversationId, most: number): Promise<Trimmed | null> {
  const tx = db.transaction(['messages', 'spans'], 'readwrite');
  const messages = tx.objectStore('messages');
  const all = IDBKeyRange.bound([id, 0], [id, Number.MAX_SAFE_INTEGER]);
  const count = await messages.count(all);
  const cursor = count > most ? await messages.openKeyCursor(all) : null;
  // The first of those that stay.
  const [, from] = (await cursor?.advance(count - most))?.key ?? [];
  if (from !== undefined) {
    void messages.delete(IDBKeyRange.bound([id, 0], [id, from], false, true));
    const span = await tx.objectStore('spans').get(id);
    if (span && span.from < from) void tx.objectStore('spans').put({ ...span, from, whole: false });
  }
  await tx.done;
  return from === undefined ? null : { conversationId: id, from };
}

/** Makes room on a full disk. Gives what was let go of; nothing if there is nothing more to let go of. */
export async function makeRoom(db: Handle): Promise<Trimmed[]> {
  const tx = db.transaction(['conversations', 'meta']);
  const ids = await tx.objectStore('conversations').getAllKeys();
  const opened = await Promise.all(
    ids.map(async (id) => [Number((await tx.objectStore('meta').get(openedAt(id))) ?? 0), id] as const),
  );
  const trimmed: Trimmed[] = [];
  for (const [, id] of opened.sort(([a], [b]) => a - b)) {
    const one = await trimMessages(db, id, FEW);
    if (one && trimmed.push(one) === GROUP) break;
  }
  return trimmed;
}

/** Where it is kept when a conversation was opened last. */
export function openedAt(id: ConversationId): string {
  return `opened:${id}`;
}

/** Lets go of the pictures that were looked at longest ago: those in front. */
export async function trimPictures(pictures: Cache, most = PICTURES): Promise<void> {
  const [urls, answers] = await Promise.all([pictures.keys(), pictures.matchAll()]);
  const sizes = answers.map(({ headers }) => Number(headers.get('content-length')) || USUAL);
  let over = sizes.reduce((sum, size) => sum + size, 0) - most;
  for (const [index, url] of urls.entries()) {
    if (over <= 0) return;
    over -= sizes[index] ?? 0;
    await pictures.delete(url);
  }
}
