import { hasUser, sameUser } from '../../core/handle';
import { isolate } from '../../core/language/isolate';
import { list } from '../../core/language/list';
import type { ConversationChange, Role } from '../../protocol/protocol';

/** A line between messages that says how the group changed. */
export interface SystemMessage {
  readonly seq: number;
  readonly text: string;
  readonly time: Date;
}

/**
 * What a change of a group is in words, a line for each thing that changed. What this person did and what was
 * done to them are sentences of their own: in most languages not only the name differs.
 */
export function notesOf(
  change: ConversationChange,
  me: string,
  names: ReadonlyMap<string, string>,
): SystemMessage[] {
  const { seq, by, title, history, picture, joined = [], left = [], roles = {} } = change;
  const name = (username: string) => isolate(names.get(username) ?? username);
  const who = sameUser(by, me) ? null : name(by);
  const texts: string[] = [];
  if (seq === 1)
    texts.push(who ? $localize`${who}:name: created the group` : $localize`You created the group`);
  else if (title !== undefined) texts.push(renamed(who, isolate(title)));
  if (history) texts.push(opened(who, history === 'all'));
  if (picture !== undefined) texts.push(pictured(who, picture));
  // Whoever accepts an invitation joins by themselves.
  if (hasUser(joined, by)) texts.push(who ? $localize`${who}:name: joined` : $localize`You joined`);
  else if (joined.length > 0) texts.push(added(who, joined, me, name));
  for (const username of left)
    if (!sameUser(username, by)) texts.push(removed(who, sameUser(username, me) ? null : name(username)));
    else texts.push(who ? $localize`${who}:name: left` : $localize`You left`);
  for (const [username, role] of Object.entries(roles)) {
    // Who hands a group on becomes an admin by that.
    if (!sameUser(username, by)) texts.push(made(who, sameUser(username, me) ? null : name(username), role));
  }
  const time = new Date(change.timestamp);
  return texts.map((text) => ({ seq, text, time }));
}

// Without a name it is this person.

function renamed(who: string | null, title: string): string {
  return who
    ? $localize`${who}:name: renamed the group to “${title}:title:”`
    : $localize`You renamed the group to “${title}:title:”`;
}

function opened(who: string | null, all: boolean): string {
  if (all)
    return who
      ? $localize`${who}:name: let new members read everything`
      : $localize`You let new members read everything`;
  return who
    ? $localize`${who}:name: let new members read only what is written after they join`
    : $localize`You let new members read only what is written after they join`;
}

function pictured(who: string | null, picture: boolean): string {
  if (picture)
    return who
      ? $localize`${who}:name: changed the picture of the group`
      : $localize`You changed the picture of the group`;
  return who
    ? $localize`${who}:name: removed the picture of the group`
    : $localize`You removed the picture of the group`;
}

function added(
  who: string | null,
  joined: readonly string[],
  me: string,
  name: (username: string) => string,
): string {
  if (who && joined.length === 1 && hasUser(joined, me)) return $localize`${who}:name: added you`;
  const names = list(joined.map((username) => (sameUser(username, me) ? $localize`you` : name(username))));
  return who ? $localize`${who}:name: added ${names}:names:` : $localize`You added ${names}:names:`;
}

function removed(who: string | null, whom: string | null): string {
  if (!whom) return $localize`${who}:name: removed you`;
  return who ? $localize`${who}:name: removed ${whom}:other:` : $localize`You removed ${whom}:other:`;
}

function made(who: string | null, whom: string | null, role: Role): string {
  if (role === 'owner') {
    if (!whom) return $localize`${who}:name: made you the owner`;
    return who
      ? $localize`${who}:name: made ${whom}:other: the owner`
      : $localize`You made ${whom}:other: the owner`;
  }
  if (role === 'admin') {
    if (!whom) return $localize`${who}:name: made you an admin`;
    return who
      ? $localize`${who}:name: made ${whom}:other: an admin`
      : $localize`You made ${whom}:other: an admin`;
  }
  if (!whom) return $localize`${who}:name: made you a member again`;
  return who
    ? $localize`${who}:name: made ${whom}:other: a member again`
    : $localize`You made ${whom}:other: a member again`;
}
