import { UserMap, withoutUser } from '../../core/handle';
import type { Conversation } from '../../protocol/protocol';

/** Somebody who can be picked: from a conversation that is already there. */
export interface Acquaintance {
  readonly username: string;
  readonly displayName: string;
}

/** Everybody one has a conversation with, those of the latest first, and each once. */
export function acquaintances(conversations: readonly Conversation[], me: string): Acquaintance[] {
  const found = new UserMap<Acquaintance>();
  for (const { members } of conversations) {
    for (const { username, displayName } of withoutUser(members, me)) {
      if (!found.has(username)) found.set(username, { username, displayName });
    }
  }
  return [...found.values()];
}
