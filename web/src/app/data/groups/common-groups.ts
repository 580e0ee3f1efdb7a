import { hasUser } from '../../core/handle';
import { roleOf } from '../conversations/conversation';
import type { Conversation } from '../../protocol/protocol';

/**
 * The groups that two people share, as far as this client knows: of a large group only some members are told.
 */
export function commonGroups(
  conversations: readonly Conversation[],
  me: string,
  username: string,
): Conversation[] {
  return conversations.filter(
    (conversation) =>
      conversation.kind === 'group' &&
      roleOf(conversation, me) !== undefined &&
      hasUser(
        conversation.members.map((member) => member.username),
        username,
      ),
  );
}
