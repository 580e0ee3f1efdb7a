import { DOCUMENT, inject, Service, signal, type WritableSignal } from '@angular/core';

import { OWN } from '../../core/base';
import type { ChatKey } from '../../core/chat-key';
import { AuthService } from '../../core/session/auth-service';
import { keysOf, local } from '../../core/storage/storage';

export type Flag = 'pinned' | 'unread';

/**
 * The chats that the person pinned, and those that they marked as unread. The server knows neither: they are
 * of this browser, all its tabs together.
 */
@Service()
export class ChatFlags {
  private readonly owner = `:${inject(AuthService).user?.username ?? ''}:`;
  private readonly pinned = signal(this.read('pinned'));
  private readonly unread = signal(this.read('unread'));
  private readonly flags: Record<Flag, WritableSignal<ReadonlySet<ChatKey>>> = {
    pinned: this.pinned,
    unread: this.unread,
  };

  constructor() {
    // Another tab changed one, or all was removed.
    inject(DOCUMENT).defaultView?.addEventListener('storage', ({ key }) => {
      for (const flag of ['pinned', 'unread'] as const)
        if (key === null || key.startsWith(this.prefix(flag))) this.flags[flag].set(this.read(flag));
    });
  }

  /** The chats with a flag. */
  with(flag: Flag): ReadonlySet<ChatKey> {
    return this.flags[flag]();
  }

  set(flag: Flag, chat: ChatKey, on: boolean): void {
    const chats = new Set(this.with(flag));
    if (chats.has(chat) === on) return;
    if (on) chats.add(chat);
    else chats.delete(chat);
    this.flags[flag].set(chats);
    try {
      if (on) local.setItem(this.prefix(flag) + chat, '1');
      else local.removeItem(this.prefix(flag) + chat);
    } catch {
      // Without room it lasts as long as the page.
    }
  }

  private prefix(flag: Flag): string {
    return `${OWN}${flag}${this.owner}`;
  }

  private read(flag: Flag): ReadonlySet<ChatKey> {
    const prefix = this.prefix(flag);
    return new Set(keysOf(local, prefix).map((key) => key.slice(prefix.length) as ChatKey));
  }
}
