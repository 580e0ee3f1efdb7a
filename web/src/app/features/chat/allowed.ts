import { roleOf } from '../../data/conversations/conversation';
import { leads } from '../../data/groups/roles';
import type { Entry } from '../../data/messages/timeline';
import type { Conversation } from '../../protocol/protocol';

/** Only who uploaded a file may send it. */
export function mayForward({ own, attachments }: Entry): boolean {
  return own || !attachments?.length;
}

/** One's own, and in a group that one leads those of others. */
export function mayDelete({ own }: Entry, conversation: Conversation | undefined, me: string): boolean {
  return own || (conversation?.kind === 'group' && leads(roleOf(conversation, me)));
}
