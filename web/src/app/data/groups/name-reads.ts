import { inject, Service } from '@angular/core';

import { Api } from '../../core/api/api';
import { UserMap, UserSet } from '../../core/handle';
import { Failure } from '../../core/http/problem';
import type {
  Conversation,
  ConversationChange,
  ConversationId,
  Member,
  Message,
} from '../../protocol/protocol';
import { isCut } from '../conversations/conversation';
import { ConversationStore } from '../conversations/conversation-store';
import { GroupChangeStore } from '../messages/group-change-store';
import { MessageStore } from '../messages/message-store';
import { Names } from '../people/names';
import { MemberStore } from './member-store';

/** Names that are read in the life of a page; those of more people stay usernames. */
const MOST = 500;
/** How long what is shown gathers before it is looked through. */
const GATHERED = 250;
const NONE: readonly never[] = [];

/** Where people are named. */
interface Shown {
  readonly groups: readonly Conversation[];
  readonly threads: ReadonlyMap<ConversationId, { readonly messages: readonly Message[] }>;
  readonly changes: ReadonlyMap<ConversationId, readonly ConversationChange[]>;
  readonly members: ReadonlyMap<ConversationId, readonly Member[]>;
}

/**
 * Reads the names of people who wrote in a group, or changed it, and left. A message names its sender by
 * username, and a group names its members alone. Each name is read once, one at a time, those of the newest
 * messages first.
 */
@Service()
export class NameReads {
  private readonly api = inject(Api);
  private readonly names = inject(Names);
  private readonly asked = new UserSet();
  private readonly queue: string[] = [];
  private reading = false;

  /** What was looked through, to leave out the groups of which nothing changed. */
  private readonly seen = new Map<ConversationId, readonly unknown[]>();

  private shown: Shown = { groups: [], threads: new Map(), changes: new Map(), members: new Map() };
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    inject(ConversationStore).conversations$.subscribe((groups) => this.later({ groups }));
    inject(MessageStore).threads$.subscribe((threads) => this.later({ threads }));
    inject(GroupChangeStore).changes$.subscribe((changes) => this.later({ changes }));
    inject(MemberStore).members$.subscribe((members) => this.later({ members }));
  }

  private later(change: Partial<Shown>): void {
    this.shown = { ...this.shown, ...change };
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const { groups, threads, changes, members } = this.shown;
      for (const group of groups) {
        const { id, kind } = group;
        if (kind === 'group')
          this.look(group, threads.get(id)?.messages ?? NONE, changes.get(id) ?? NONE, members.get(id));
      }
    }, GATHERED);
  }

  private look(
    group: Conversation,
    messages: readonly Message[],
    changes: readonly ConversationChange[],
    read: readonly Member[] | undefined,
  ): void {
    const looked = [group, messages, changes, read];
    if (this.seen.get(group.id)?.every((one, index) => one === looked[index])) return;
    this.seen.set(group.id, looked);
    const last = group.lastMessage ? [group.lastMessage.sender] : [];
    // Whether somebody is a member of a large group is known once all its members are read.
    const whole = !isCut(group) || read !== undefined;
    const named = whole
      ? [...messages.map(({ sender }) => sender), ...changes.flatMap(namedIn)].reverse()
      : [];
    const members = new UserSet([...group.members, ...(read ?? [])].map(({ username }) => username));
    for (const username of new Set([...last, ...named])) {
      if (this.asked.size >= MOST) break;
      if (members.has(username) || this.asked.has(username)) continue;
      this.asked.add(username);
      this.queue.push(username);
    }
    if (!this.reading) void this.read();
  }

  private async read(): Promise<void> {
    this.reading = true;
    for (let username = this.queue.shift(); username !== undefined; username = this.queue.shift()) {
      try {
        const { displayName } = await this.api.user(username);
        this.names.known.update((known) => new UserMap(known).set(username, displayName));
      } catch (error) {
        // Asked for again when more is shown, unless there is nobody of this name.
        if (error instanceof Failure && error.code === 'not_found') continue;
        this.asked.delete(username);
        this.seen.clear();
      }
    }
    this.reading = false;
  }
}

/** Everybody whom a change of a group names. */
function namedIn({ by, joined = [], left = [], roles = {} }: ConversationChange): string[] {
  return [by, ...joined, ...left, ...Object.keys(roles)];
}
