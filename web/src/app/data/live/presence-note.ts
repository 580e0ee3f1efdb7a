import { lastSeenTime } from '../../core/format/time';
import type { Presence } from '../../protocol/protocol';

/** Whether somebody is there, or when they last were; nothing where that is not known. */
export function presenceNote(presence: Presence | undefined, now: Date): string {
  if (presence?.online) return $localize`online`;
  return presence?.lastSeen ? lastSeenTime(new Date(presence.lastSeen), now) : '';
}
