import { Service } from '@angular/core';

/** What was typed and not sent, by conversation. */
@Service()
export class Drafts {
  private readonly texts = new Map<string, string>();

  of(chat: string): string {
    return this.texts.get(chat) ?? '';
  }

  keep(chat: string, text: string): void {
    if (text === '') this.texts.delete(chat);
    else this.texts.set(chat, text);
  }
}
