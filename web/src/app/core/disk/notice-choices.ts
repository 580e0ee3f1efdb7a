import type { Database } from './database';

/** What the person chose for this browser: whether the system shows notifications. */
export interface NotificationChoices {
  readonly on: boolean;
  /** Whether what was written is shown to whoever sees the screen. */
  readonly text: boolean;
  /** Whether a sound is made, too; it is where nothing was chosen. */
  readonly sound?: boolean;
  /** They were offered, and the person has answered. */
  readonly offered?: boolean;
}

/** Whether and how this browser tells of new messages. */
export async function noticeChoices(database: Database): Promise<NotificationChoices> {
  const kept = await database.meta('notices');
  return kept ? (JSON.parse(kept) as NotificationChoices) : { on: false, text: true };
}

export function putNoticeChoices(database: Database, choices: NotificationChoices): Promise<void> {
  return database.putMeta('notices', JSON.stringify(choices));
}
