import { computed, effect, inject, Service } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { Title } from '@angular/platform-browser';
import { Router } from '@angular/router';

import { OWN } from '../../core/base';
import { Database } from '../../core/disk/database';
import { noticeChoices } from '../../core/disk/notice-choices';
import { sameUser } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import { forbidden } from '../../core/storage/storage';
import type { ConversationId, Message } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';
import { Attention } from './attention';
import { Board } from './board';
import { Chime } from './chime';
import type { CountedTitle } from './counted-title';
import { Mentions } from './mentions';
import { noticeOf, type SystemNotification, unreadOf } from './notification';
import { NotificationOffer } from './notification-offer';

/** How long messages gather: one notice for many, and none for what another device shows at this moment. */
const GATHER = 500;
/** How long after a click on a notice the tab that it belongs to has come to the front. */
const COMES_WITHIN = 2_000;

/**
 * Tells of new messages whoever does not look: by the title of the tab, the badge of the installed client,
 * and, for who turned that on, by notices of the system. Of several tabs one shows them: the one that holds a
 * lock.
 */
@Service()
export class Notifications {
  private readonly conversations = inject(ConversationStore);
  private readonly database = inject(Database);
  private readonly offer = inject(NotificationOffer);
  private readonly mentions = inject(Mentions);
  private readonly router = inject(Router);
  private readonly socket = inject(WebSocketService);
  private readonly title = inject(Title) as CountedTitle;
  private readonly board = new Board((url) => void this.router.navigateByUrl(url));
  private readonly chime = new Chime();
  private readonly fresh = new Map<ConversationId, Message>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    const conversations = toSignal(this.conversations.conversations$, { requireSync: true });
    const unread = computed(() => unreadOf(conversations(), (one) => this.mentions.unread(one)));
    effect(() => this.count(unread()));
    inject(AuthService).session$.subscribe((session) => {
      if (session) return;
      this.count(0);
      this.board.clear();
    });
    // Notices and locks are there in a secure context only: over https, or on this machine.
    const { locks } = navigator as { locks?: LockManager };
    if (!locks || forbidden || !('Notification' in window)) return;
    const attention = new Attention(locks);
    navigator.serviceWorker?.addEventListener('message', ({ data }: MessageEvent) =>
      this.clicked(data, attention),
    );
    this.socket.message$.subscribe((message) => void this.offerFor(message, attention));
    void locks.request(`${OWN}notices`, () => this.lead(attention));
  }

  private count(unread: number): void {
    this.title.count(unread);
    void navigator.setAppBadge?.(unread).catch(() => undefined);
  }

  /** In each tab: it is not known which one is looked at next. */
  private async offerFor(message: Message, attention: Attention): Promise<void> {
    const { conversationId, sender } = message;
    if (sameUser(sender, this.conversations.me) || this.conversations.find(conversationId)?.muted) return;
    if (!(await attention.anywhere())) await this.offer.missed();
  }

  /** Until this tab ends. */
  private lead(attention: Attention): Promise<never> {
    void this.board.takeOver();
    this.socket.message$.subscribe((message) => {
      if (sameUser(message.sender, this.conversations.me)) return;
      // A mention is told of even where more follows at once that would be silent.
      const before = this.fresh.get(message.conversationId);
      if (!before || !this.mentions.is(before)) this.fresh.set(message.conversationId, message);
      this.timer ??= setTimeout(() => void this.tell(attention), GATHER);
    });
    this.socket.updated$.subscribe(({ conversationId, id, deletedAt }) => {
      if (deletedAt) this.board.close(conversationId, id);
    });
    this.conversations.conversations$.subscribe(() => {
      for (const tag of this.board.tags) if (!this.conversations.find(tag)?.unread) this.board.close(tag);
    });
    return new Promise<never>(() => undefined);
  }

  private async tell(attention: Attention): Promise<void> {
    this.timer = undefined;
    const fresh = [...this.fresh.values()];
    this.fresh.clear();
    const choices = await noticeChoices(this.database);
    if (!choices.on || Notification.permission !== 'granted' || (await attention.anywhere())) return;
    const notices: SystemNotification[] = [];
    for (const message of fresh) {
      const { conversationId } = message;
      if (!this.conversations.find(conversationId))
        await this.conversations.fetch(conversationId).catch(() => undefined);
      const conversation = this.conversations.find(conversationId);
      const mentioned = this.mentions.is(message);
      const notice =
        conversation && noticeOf(conversation, message, this.conversations.me, choices, mentioned);
      if (notice) notices.push(notice);
    }
    if (notices.length === 0) return;
    const wanted = choices.sound !== false;
    const rang = wanted && (await this.chime.ring().catch(() => false));
    for (const notice of notices) await this.board.show(notice, rang || !wanted).catch(() => undefined);
  }

  /** The worker tells all tabs of a click, and brings one of them to the front: that one goes there. */
  private clicked(data: unknown, attention: Attention): void {
    const said = data as { type?: string; data?: { notification?: { data?: { url?: string } } } } | null;
    const url = said?.data?.notification?.data?.url;
    if (said?.type !== 'NOTIFICATION_CLICK' || !url) return;
    const go = () => void this.router.navigateByUrl(url);
    if (attention.here) return go();
    addEventListener('focus', go, { once: true });
    setTimeout(() => removeEventListener('focus', go), COMES_WITHIN);
  }
}
