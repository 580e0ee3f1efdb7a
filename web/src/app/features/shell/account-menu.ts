import {
  afterNextRender,
  Component,
  computed,
  type ElementRef,
  inject,
  input,
  output,
  signal,
  viewChild,
} from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { RouterLink } from '@angular/router';

import { install, offer } from '../../core/app/install';
import { plural } from '../../core/language/plural';
import { AuthService } from '../../core/session/auth-service';
import { PendingAttachments } from '../../data/attachments/pending-attachments';
import { Outbox } from '../../data/outbox/outbox';
import type { User } from '../../protocol/protocol';
import { Avatar } from '../../ui/avatar';
import { Dialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';

/** The way to the settings, and out. */
@Component({
  selector: 'aldis-account-menu',
  imports: [Avatar, Dialog, Icon, RouterLink],
  templateUrl: './account-menu.html',
})
export class AccountMenu {
  protected readonly words = {
    settings: $localize`Settings`,
    admin: $localize`Administration`,
    install: $localize`Install Aldis`,
    leave: $localize`Log out`,
    stay: $localize`Stay`,
  };
  private readonly auth = inject(AuthService);
  readonly user = input.required<User>();
  /** Whether it opens as soon as it is here; later its button opens it. */
  readonly open = input(false);
  readonly settings = output();

  private readonly menu = viewChild.required<ElementRef<HTMLElement>>('menu');
  private readonly pending = toSignal(inject(Outbox).pending$, { requireSync: true });
  private readonly attached = toSignal(inject(PendingAttachments).chats$, { requireSync: true });
  /** Messages that were not sent; what is attached makes one. */
  protected readonly unsent = computed(
    () =>
      this.pending().length + [...this.attached().values()].filter(({ files }) => files.length > 0).length,
  );
  protected readonly offer = offer;
  protected readonly install = install;
  protected readonly asking = signal(false);
  protected readonly leaving = signal(false);
  protected readonly loss = computed(() =>
    plural(
      this.unsent(),
      $localize`{count, plural, one {One message has not been sent yet and would be lost.} other {# messages have not been sent yet and would be lost.}}`,
    ),
  );

  constructor() {
    afterNextRender(() => this.open() && this.menu().nativeElement.showPopover());
  }

  protected logout(): void {
    if (this.unsent() > 0) this.asking.set(true);
    else this.leave();
  }

  /** Nothing stays on this machine: the messages are on the server. */
  protected leave(): void {
    if (this.leaving()) return;
    this.leaving.set(true);
    void this.auth.logout();
  }
}
