import { sameUser } from '../../core/handle';
import type { Conversation, Member, Role } from '../../protocol/protocol';
import { roleOf } from '../conversations/conversation';

/** What one may do to a member of a group. */
export type MemberAction = 'admin' | 'member' | 'owner' | 'remove';

/** Whether a role may rename the group and add people. */
export function leads(role: Role | undefined): boolean {
  return role === 'owner' || role === 'admin';
}

/** What the server would let this person do to a member. */
export function actionsOn(group: Conversation, member: Member, me: string): MemberAction[] {
  const role = roleOf(group, me);
  if (sameUser(member.username, me) || !leads(role)) return [];
  if (role === 'owner') return [member.role === 'admin' ? 'member' : 'admin', 'owner', 'remove'];
  return member.role === 'member' ? ['remove'] : [];
}

const RANK: Record<Role, number> = { owner: 0, admin: 1, member: 2 };

/** The owner first, then admins, then the others; each by name. */
export function byRank(members: readonly Member[]): Member[] {
  return [...members].sort(
    (a, b) => RANK[a.role] - RANK[b.role] || a.displayName.localeCompare(b.displayName),
  );
}
