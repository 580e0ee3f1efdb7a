import { inject, Service, signal } from '@angular/core';

import { sizesOf } from '../../core/disk/pictures';
import { UserMap } from '../../core/handle';
import { AuthService } from '../../core/session/auth-service';
import type { Conversation, ConversationId, Member, User } from '../../protocol/protocol';
import { Files } from '../attachments/files';
import { ConversationStore } from '../conversations/conversation-store';

/** Pictures that are known; of more, those that were met first are forgotten. */
const MOST = 10_000;

/** Where the pictures of people are, by username, and those of groups, by id. */
@Service()
export class Faces {
  private readonly files = inject(Files);
  private readonly urls = signal<UserMap<string>>(new UserMap());
  /** The members of each conversation as they were looked through last. */
  private readonly seen = new Map<ConversationId, readonly Member[]>();

  constructor() {
    inject(ConversationStore).conversations$.subscribe((conversations) => this.look(conversations));
    inject(AuthService).user$.subscribe((user) => user && this.know([user]));
  }

  /** The picture of whoever has one: the small one, or the one that is 512 pixels wide. */
  of(username: string, large: boolean): string | undefined {
    const url = this.urls().get(username);
    return url && sizesOf(url)[large ? 0 : 1];
  }

  /** An address within this page. */
  load(url: string): Promise<string> {
    return this.files.picture(url);
  }

  /** What the server says of people now. */
  know(people: readonly Pick<User, 'username' | 'pictureUrl'>[]): void {
    const before = this.urls();
    const changed = people.filter(({ username, pictureUrl }) => before.get(username) !== pictureUrl);
    if (changed.length === 0) return;
    const urls = new UserMap(before);
    for (const { username, pictureUrl } of changed) {
      const old = urls.get(username);
      if (old) void this.files.forget(sizesOf(old));
      urls.delete(username);
      if (pictureUrl) urls.set(username, pictureUrl);
    }
    for (const username of [...urls.keys()].slice(0, Math.max(0, urls.size - MOST))) urls.delete(username);
    this.urls.set(urls);
  }

  /**
   * Only what changed in a conversation since it was looked through: another one may have been read before
   * somebody changed their picture.
   */
  private look(conversations: readonly Conversation[]): void {
    const changed: Pick<User, 'username' | 'pictureUrl'>[] = [];
    for (const { id, kind, members, pictureUrl } of conversations) {
      // No username is as long as an id.
      if (kind === 'group') changed.push({ username: id, ...(pictureUrl && { pictureUrl }) });
      const before = this.seen.get(id);
      if (before === members) continue;
      this.seen.set(id, members);
      const known = new UserMap<Member>();
      for (const member of before ?? []) known.set(member.username, member);
      for (const member of members) {
        const was = known.get(member.username);
        if (!was || was.pictureUrl !== member.pictureUrl) changed.push(member);
      }
    }
    this.know(changed);
  }
}
