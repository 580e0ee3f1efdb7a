import { hasUser, sameUser } from '../../core/handle';
import type { ConversationChange } from '../../protocol/protocol';

/** A line between messages that says how the group changed. */
export interface SystemMessage {
  readonly seq: number;
  readonly text: string;
  readonly time: Date;
}

/** What a change of a group is in words, a line for each thing that changed. */
export function notesOf(
  change: ConversationChange,
  me: string,
  names: ReadonlyMap<string, string>,
): SystemMessage[] {
  const { seq, by, title, history, picture, joined = [], left = [], roles = {} } = change;
  const name = (username: string) =>
    sameUser(username, me) ? 'you' : apart(names.get(username) ?? username);
  const who = sameUser(by, me) ? 'You' : name(by);
  const texts: string[] = [];
  if (seq === 1) texts.push(`${who} created the group`);
  else if (title !== undefined) texts.push(`${who} renamed the group to “${apart(title)}”`);
  if (history)
    texts.push(
      `${who} let new members read ${history === 'all' ? 'everything' : 'only what is written after they join'}`,
    );
  if (picture !== undefined) texts.push(`${who} ${picture ? 'changed' : 'removed'} the picture of the group`);
  // Whoever accepts an invitation joins by themselves.
  if (hasUser(joined, by)) texts.push(`${who} joined`);
  else if (joined.length > 0) texts.push(`${who} added ${listed(joined.map(name))}`);
  for (const username of left)
    texts.push(sameUser(username, by) ? `${who} left` : `${who} removed ${name(username)}`);
  for (const [username, role] of Object.entries(roles)) {
    // Who hands a group on becomes an admin by that.
    if (sameUser(username, by)) continue;
    texts.push(
      role === 'member'
        ? `${who} made ${name(username)} a member again`
        : `${who} made ${name(username)} ${role === 'owner' ? 'the owner' : 'an admin'}`,
    );
  }
  const time = new Date(change.timestamp);
  return texts.map((text) => ({ seq, text, time }));
}

/** A name that is written from right to left does not turn the sentence round (Unicode's isolates, UAX 9). */
function apart(name: string): string {
  return `\u2068${name}\u2069`;
}

function listed(names: readonly string[]): string {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : (names[0] ?? '');
}
