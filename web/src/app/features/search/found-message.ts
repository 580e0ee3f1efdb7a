import { rowTime } from '../../core/format/time';
import { findUser, sameUser } from '../../core/handle';
import { isolate } from '../../core/language/isolate';
import { titleOf } from '../../data/conversations/conversation';
import { type Part, parts } from '../../data/search/fragment';
import type { Conversation, Hit } from '../../protocol/protocol';

/** A message that was found, as it is shown. */
export interface FoundMessage {
  readonly id: string;
  readonly hit: Hit;
  readonly sender: string;
  readonly name: string;
  readonly who: string;
  /** In which conversation, where the sender does not say it. */
  readonly where: string;
  readonly time: Date;
  readonly clock: string;
  readonly parts: readonly Part[];
}

export interface Around {
  readonly me: string;
  readonly conversation: Conversation | undefined;
  /** Names of people who left. */
  readonly former: ReadonlyMap<string, string>;
  readonly now: Date;
}

export function foundMessage(hit: Hit, { me, conversation, former, now }: Around): FoundMessage {
  const { id, sender, timestamp } = hit.message;
  const own = sameUser(sender, me);
  const member = conversation && findUser(conversation.members, sender);
  const name = member?.displayName ?? former.get(sender) ?? sender;
  const time = new Date(timestamp);
  return {
    id,
    hit,
    sender,
    name,
    who: own ? $localize`You` : name,
    where:
      !conversation || !(own || conversation.kind === 'group')
        ? ''
        : $localize`in ${isolate(titleOf(conversation, me))}:conversation:`,
    time,
    clock: rowTime(time, now),
    parts: parts(hit.fragment),
  };
}
