import { inject, Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import { Api } from '../../core/api/api';
import { UserSet } from '../../core/handle';
import { WebSocketService } from '../../core/line/web-socket-service';

/** Whom this person has blocked. */
@Service()
export class Blocks {
  private readonly api = inject(Api);
  private readonly blocked = new BehaviorSubject<ReadonlySet<string>>(new UserSet());
  readonly blocked$ = this.blocked.asObservable();

  constructor() {
    // Another device may have changed it in the meantime.
    inject(WebSocketService).status$.subscribe((status) => {
      if (status === 'online') void this.load();
    });
  }

  async block(username: string): Promise<void> {
    await this.api.block(username);
    this.blocked.next(new UserSet(this.blocked.value).add(username));
  }

  async unblock(username: string): Promise<void> {
    await this.api.unblock(username);
    const blocked = new UserSet(this.blocked.value);
    blocked.delete(username);
    this.blocked.next(blocked);
  }

  private async load(): Promise<void> {
    const blocks = await this.api.blocks().catch(() => null);
    if (blocks) this.blocked.next(new UserSet(blocks.map(({ username }) => username)));
  }
}
