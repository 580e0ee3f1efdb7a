import { DOCUMENT, inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import type { ChatKey } from '../../core/chat-key';
import { OWN } from '../../core/base';
import { AuthService } from '../../core/session/auth-service';
import { keysOf, local } from '../../core/storage/storage';

type Texts = ReadonlyMap<ChatKey, string>;

/**
 * What was typed and not sent, by conversation. It is written with every key, so in the local storage, which
 * needs no time that a page being closed would not give; where that is full, a draft lives as long as the
 * page.
 */
@Service()
export class Drafts {
  private readonly prefix = `${OWN}draft:${inject(AuthService).user?.username ?? ''}:`;
  private readonly texts = new BehaviorSubject<Texts>(this.read());
  readonly texts$ = this.texts.asObservable();

  constructor() {
    // Another tab wrote; what is typed here stays until one leaves it.
    inject(DOCUMENT).defaultView?.addEventListener('storage', ({ key, newValue }) => {
      if (key === null) this.texts.next(new Map());
      else if (key.startsWith(this.prefix))
        this.publish(key.slice(this.prefix.length) as ChatKey, newValue ?? '');
    });
  }

  of(chat: ChatKey): string {
    return this.texts.value.get(chat) ?? '';
  }

  keep(chat: ChatKey, text: string): void {
    if (text === this.of(chat)) return;
    this.publish(chat, text);
    try {
      if (text === '') local.removeItem(this.prefix + chat);
      else local.setItem(this.prefix + chat, text);
    } catch {
      // Nothing of an older text stays where the newer one has no room.
      local.removeItem(this.prefix + chat);
    }
  }

  private publish(chat: ChatKey, text: string): void {
    const texts = new Map(this.texts.value);
    if (text === '') texts.delete(chat);
    else texts.set(chat, text);
    this.texts.next(texts);
  }

  private read(): Texts {
    const keys = keysOf(local, this.prefix);
    return new Map(keys.map((key) => [key.slice(this.prefix.length) as ChatKey, local.getItem(key) ?? '']));
  }
}
