import { computed, effect, inject, Service, type Signal, untracked } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { BehaviorSubject } from 'rxjs';

import { Api } from '../../core/api/api';
import { UserSet } from '../../core/handle';
import type { Conversation, ConversationId, Member } from '../../protocol/protocol';
import { isCut } from '../conversations/conversation';

/** The members of groups that are too large to show all with the conversation, as they were read last. */
@Service()
export class MemberStore {
  private readonly api = inject(Api);
  private readonly members = new BehaviorSubject<ReadonlyMap<ConversationId, readonly Member[]>>(new Map());
  readonly members$ = this.members.asObservable();
  /** How many members a group had when it was read. */
  private readonly counts = new Map<ConversationId, number>();

  /** Reads the members of a large group, unless that was done since somebody came or went. */
  async renew(group: Conversation): Promise<void> {
    if (isCut(group) && this.counts.get(group.id) !== group.memberCount) await this.read(group);
  }

  /** Reads all members of a group, page by page. */
  async read({ id, memberCount }: Conversation): Promise<void> {
    this.counts.set(id, memberCount);
    try {
      const all: Member[] = [];
      let next: string | undefined;
      do {
        const page = await this.api.members(id, next);
        all.push(...page.items);
        next = page.next;
      } while (next);
      this.members.next(new Map(this.members.value).set(id, all));
    } catch {
      // Tried again when the group is looked at the next time.
      this.counts.delete(id);
    }
  }
}

/** The members of a group. Of a large one those whom it does not show are read, which takes a moment. */
export function readMembers(group: Signal<Conversation | undefined>): Signal<readonly Member[]> {
  const store = inject(MemberStore);
  const read = toSignal(store.members$, { requireSync: true });
  effect(() => {
    const looked = group();
    if (looked) void untracked(() => store.renew(looked));
  });
  return computed(() => {
    const looked = group();
    if (!looked) return [];
    // What the group itself shows is newer.
    const shown = new UserSet(looked.members.map(({ username }) => username));
    const others = isCut(looked) ? (read().get(looked.id) ?? []) : [];
    return [...looked.members, ...others.filter(({ username }) => !shown.has(username))];
  });
}
