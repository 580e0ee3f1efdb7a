import { Component, computed, DOCUMENT, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Versions } from '../../core/app/versions';
import { Database } from '../../core/disk/database';
import { forbidden } from '../../core/storage/storage';

/** What the frame says while there is a connection: what is not kept, and that a newer version is ready. */
@Component({
  selector: 'aldis-shell-notes',
  template: `
    @if (away()) {
      <p class="banner">
        @if (forbidden) {
          <span>
            <strong>{{ words.forbidden }}</strong> {{ words.allow }}
          </span>
        } @else if (database.newer) {
          <span>
            <strong>{{ words.nothing }}</strong> {{ words.newer }}
          </span>
          <button type="button" class="link-button" (click)="reload()">{{ words.reload }}</button>
        } @else {
          <span>
            <strong>{{ words.silent }}</strong> {{ words.works }}
          </span>
        }
      </p>
    } @else if (outdated()) {
      <p class="banner">
        <span>{{ words.ready }}</span>
        <button type="button" class="link-button" (click)="reload()">{{ words.reload }}</button>
      </p>
    }
  `,
})
export class ShellNotes {
  protected readonly words = {
    forbidden: $localize`This browser lets Aldis keep nothing.`,
    allow: $localize`Whoever reloads or closes this page is logged out, and what was not sent is lost. Allow cookies for this site to change that.`,
    nothing: $localize`Nothing is kept on this device.`,
    newer: $localize`Another tab has a newer version of Aldis.`,
    silent: $localize`Nothing is kept on this device while the browser's storage does not answer.`,
    works: $localize`Messages are sent and received all the same.`,
    ready: $localize`A new version of Aldis is ready.`,
    reload: $localize`Reload`,
  };
  private readonly document = inject(DOCUMENT);
  protected readonly database = inject(Database);
  protected readonly forbidden = forbidden;
  protected readonly outdated = toSignal(inject(Versions).ready$, { requireSync: true });
  private readonly disk = toSignal(this.database.state$, { requireSync: true });
  protected readonly away = computed(() => this.disk() === 'away');

  protected reload(): void {
    this.document.defaultView?.location.reload();
  }
}
