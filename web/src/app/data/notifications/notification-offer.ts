import { DOCUMENT, inject, Service, signal } from '@angular/core';

import { Database } from '../../core/disk/database';
import { noticeChoices, putNoticeChoices } from '../../core/disk/notice-choices';

/**
 * Offers notifications once: when the first message has come while nobody looked. Until the person answers,
 * it is offered again after a reload.
 */
@Service()
export class NotificationOffer {
  private readonly database = inject(Database);
  private readonly open = signal(false);
  readonly shown = this.open.asReadonly();

  constructor() {
    // Another tab may have had the answer.
    inject(DOCUMENT).addEventListener('visibilitychange', () => {
      if (this.open()) void this.wanted().then((wanted) => this.open.set(wanted));
    });
  }

  /** A message came that nobody saw. */
  async missed(): Promise<void> {
    if (!this.open() && (await this.wanted())) this.open.set(true);
  }

  async accept(): Promise<void> {
    this.open.set(false);
    // Asked at once: a browser shows its question only as the answer to a press.
    const permission = await Notification.requestPermission();
    await this.answer(permission === 'granted');
  }

  async decline(): Promise<void> {
    this.open.set(false);
    await this.answer(false);
  }

  private async answer(on: boolean): Promise<void> {
    const choices = await noticeChoices(this.database);
    await putNoticeChoices(this.database, { ...choices, on, offered: true }).catch(() => undefined);
  }

  private async wanted(): Promise<boolean> {
    const { on, offered } = await noticeChoices(this.database);
    return !on && !offered && Notification.permission === 'default';
  }
}
