import { Component, computed, inject, output, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Attached } from '../attachments/attached';
import { AuthService } from '../auth/auth-service';
import { Drafts } from '../chat/drafts';
import { Outbox } from '../chat/outbox';
import { install, offer } from '../install';
import { Dialog } from '../rare';
import { Database } from '../store/database';
import { Avatar } from '../ui/avatar';
import { breath } from '../ui/breath';
import { Icon } from '../ui/icon';

const LET_GO_WITHIN = 1_000;

/** Who is logged in; the way to the settings, and out. */
@Component({
  selector: 'aldis-account-menu',
  imports: [Avatar, Dialog, Icon],
  templateUrl: './account-menu.html',
})
export class AccountMenu {
  private readonly auth = inject(AuthService);
  private readonly database = inject(Database);
  private readonly drafts = inject(Drafts);
  readonly settings = output();

  protected readonly user = toSignal(this.auth.user$, { requireSync: true });
  private readonly pending = toSignal(inject(Outbox).pending$, { requireSync: true });
  private readonly attached = toSignal(inject(Attached).chats$, { requireSync: true });
  /** Messages that were not sent; what is attached makes one. */
  protected readonly unsent = computed(() => this.pending().length + [...this.attached().values()].filter(({ files }) => files.length > 0).length);
  protected readonly offer = offer;
  protected readonly install = install;
  protected readonly asking = signal(false);
  protected readonly leaving = signal(false);
  protected readonly loss = computed(() => {
    const count = this.unsent();
    return count === 1 ? 'One message has not been sent yet and would be lost.' : `${count} messages have not been sent yet and would be lost.`;
  });

  protected logout(): void {
    if (this.unsent() > 0) this.asking.set(true);
    else void this.leave();
  }

  /** Nothing stays on this machine: the messages are on the server. */
  protected async leave(): Promise<void> {
    if (this.leaving()) return;
    this.leaving.set(true);
    this.drafts.forget();
    // A tab that does not let go of the database does not keep anybody logged in.
    await Promise.race([this.database.destroy().catch(() => undefined), breath(LET_GO_WITHIN)]);
    // A picture that came while the server was told would stay.
    await this.auth.logout(() => this.database.forgetPictures());
  }
}
