import { DOCUMENT, inject, Service } from '@angular/core';

import { Api } from '../../core/api/api';
import { BASE } from '../../core/base';
import { Failure, isProblem } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import type { ChangeMe, User } from '../../protocol/protocol';
import { BYPASS } from '../attachments/upload';
import { ConversationStore } from '../conversations/conversation-store';

/** It is small: a square of 512 pixels. */
const SENT_WITHIN = 30_000;
const PICTURE = '/api/users/me/picture';

async function put(picture: Blob, token: string): Promise<User> {
  const answer = await fetch(BASE + PICTURE, {
    method: 'PUT',
    body: picture,
    headers: { authorization: `Bearer ${token}`, [BYPASS]: '' },
    cache: 'no-store',
    credentials: 'omit',
    signal: AbortSignal.timeout(SENT_WITHIN),
  }).catch(() => null);
  const said: unknown = await answer?.json().catch(() => null);
  if (!answer?.ok) throw new Failure(isProblem(said) ? said : null);
  return said as User;
}

/**
 * What the person shows of themselves. All tabs share it; other devices ask when they connect and when they
 * are looked at.
 */
@Service()
export class ProfileSync {
  private readonly api = inject(Api);
  private readonly auth = inject(AuthService);
  private readonly conversations = inject(ConversationStore);

  constructor() {
    const document = inject(DOCUMENT);
    inject(WebSocketService).status$.subscribe((status) => {
      if (status === 'online') void this.load();
    });
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.load();
    });
  }

  /** Fails with why, for the person to see. */
  async change(change: ChangeMe): Promise<void> {
    this.know(await this.api.changeMe(change));
  }

  /** The one square of the picture that others see; none removes it. Fails with why. */
  async changePicture(picture: Blob | null): Promise<void> {
    if (picture) this.know(await this.api.authorized((token) => put(picture, token)));
    else {
      await this.api.call('DELETE', PICTURE);
      this.know(await this.api.me());
    }
  }

  private async load(): Promise<void> {
    const user = await this.api.me().catch(() => null);
    if (user) this.know(user);
  }

  private know(user: User): void {
    const before = this.auth.user;
    if (JSON.stringify(before) === JSON.stringify(user)) return;
    void this.auth.know(user);
    // Groups name the person, too.
    if (before?.displayName !== user.displayName || before.pictureUrl !== user.pictureUrl)
      void this.conversations.refresh();
  }
}
