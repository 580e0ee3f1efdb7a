import { DOCUMENT, inject, Service, signal, type WritableSignal } from '@angular/core';

import { OWN } from '../../core/base';
import type { ChatKey } from '../../core/chat-key';
import { AuthService } from '../../core/session/auth-service';
import { keysOf, local } from '../../core/storage/storage';

export type Flag = 'pinned' | 'unread' | 'archived';

const FLAGS = ['pinned', 'unread', 'archived'] as const;

/**
 * The chats that the person pinned, those that they marked as unread, and those that they archived. The server knows
 * none of these: they are of this browser, all its tabs together.
 */
@Service()
export class ChatFlags {
  private readonly owner = `:${inject(AuthService).user?.username ?? ''}:`;
  private readonly flags = Object.fromEntries(FLAGS.map((flag) => [flag, signal(this.read(flag))])) as Record<
    Flag,
    WritableSignal<ReadonlyMap<ChatKey, number>>
  >;

  constructor() {
    // Another tab changed one, or all was removed.
    inject(DOCUMENT).defaultView?.addEventListener('storage', ({ key }) => {
      for (const flag of FLAGS)
        if (key === null || key.startsWith(this.prefix(flag))) this.flags[flag].set(this.read(flag));
    });
  }

  /** The chats with a flag, and the `seq` at which each got it. */
  with(flag: Flag): ReadonlyMap<ChatKey, number> {
    return this.flags[flag]();
  }

  set(flag: Flag, chat: ChatKey, on: boolean, seq = 1): void {
    const chats = new Map(this.with(flag));
    if (chats.get(chat) === (on ? seq : undefined)) return;
    if (on) chats.set(chat, seq);
    else chats.delete(chat);
    this.flags[flag].set(chats);
    try {
      if (on) local.setItem(this.prefix(flag) + chat, String(seq));
      else local.removeItem(this.prefix(flag) + chat);
    } catch {
      // Without room it lasts as long as the page.
    }
  }

  private prefix(flag: Flag): string {
    return `${OWN}${flag}${this.owner}`;
  }

  private read(flag: Flag): ReadonlyMap<ChatKey, number> {
    const prefix = this.prefix(flag);
    return new Map(
      keysOf(local, prefix).map((key) => [key.slice(prefix.length) as ChatKey, Number(local.getItem(key))]),
    );
  }
}
