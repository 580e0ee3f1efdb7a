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
            <strong>This browser lets Aldis keep nothing.</strong> Whoever reloads or closes this page is
            logged out, and what was not sent is lost. Allow cookies for this site to change that.
          </span>
        } @else if (database.newer) {
          <span>
            <strong>Nothing is kept on this device.</strong> Another tab has a newer version of Aldis.
          </span>
          <button type="button" class="link-button" (click)="reload()">Reload</button>
        } @else {
          <span>
            <strong>Nothing is kept on this device</strong> while the browser's storage does not answer.
            Messages are sent and received all the same.
          </span>
        }
      </p>
    } @else if (outdated()) {
      <p class="banner">
        <span>A new version of Aldis is ready.</span>
        <button type="button" class="link-button" (click)="reload()">Reload</button>
      </p>
    }
  `,
})
export class ShellNotes {
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
