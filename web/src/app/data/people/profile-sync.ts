import { DOCUMENT, inject, Service } from '@angular/core';

import { Api } from '../../core/api/api';
import { WebSocketService } from '../../core/line/web-socket-service';
import { AuthService } from '../../core/session/auth-service';
import type { ChangeMe, User } from '../../protocol/protocol';
import { putPicture } from '../attachments/put-picture';
import { ConversationStore } from '../conversations/conversation-store';

const PICTURE = '/api/users/me/picture';

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
    if (picture) this.know(await putPicture<User>(this.api, PICTURE, picture));
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
