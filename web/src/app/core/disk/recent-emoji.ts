import type { Database } from './database';

/** The emoji that were taken last, newest first. */
export async function recentEmoji(database: Database): Promise<string[]> {
  return (await database.meta('emoji'))?.split(' ') ?? [];
}

export function putRecentEmoji(database: Database, emoji: readonly string[]): Promise<void> {
  return database.putMeta('emoji', emoji.join(' '));
}
