import { Component, computed, inject, signal } from '@angular/core';

import { Database } from '../../core/disk/database';
import { explain } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import { fileSize } from '../../data/attachments/size';
import { Icon } from '../../ui/icon';
import { Resource, ResourceState } from './resource';

/** What this browser keeps, and how to let go of it. */
@Component({
  selector: 'aldis-storage-settings',
  imports: [Icon, ResourceState],
  template: `
    <p class="settings-note">
      {{ words.what }}
    </p>
    <div class="settings-line">
      <span class="settings-text">
        {{ words.here }}
        <span class="settings-note" role="status">{{ used() }}</span>
      </span>
    </div>
    <aldis-resource [what]="estimate" />
    <button type="button" class="details-action" [disabled]="clearing()" (click)="clear()">
      <aldis-icon name="delete" />{{ words.clear }}
    </button>
    <p class="settings-note">
      {{ words.again }}
    </p>
    @if (failure()) {
      <p class="form-error" role="alert">{{ failure() }}</p>
    }
  `,
})
export class StorageSettings {
  protected readonly words = {
    what: $localize`What you have seen is kept on this device, so that it is here without a connection: the newest 5,000 messages of each conversation, and pictures up to 100 MB.`,
    here: $localize`On this device`,
    clear: $localize`Clear messages and pictures`,
    again: $localize`They come again from the server when you look at them. Drafts and messages that are not sent yet stay.`,
  };
  private readonly database = inject(Database);
  private readonly socket = inject(WebSocketService);
  protected readonly estimate = new Resource(async () => {
    // There in a secure context only: over https, or on this machine.
    const { usage } = (await (navigator as { storage?: StorageManager }).storage?.estimate()) ?? {};
    return usage === undefined
      ? $localize`How much it is, this browser does not say.`
      : $localize`About ${fileSize(usage)}:size:`;
  });
  protected readonly used = computed(() => this.estimate.value() ?? '');
  protected readonly clearing = signal(false);
  protected readonly failure = signal('');

  protected async clear(): Promise<void> {
    if (!this.socket.online)
      return this.failure.set(
        $localize`There is no connection. Nothing would be left to read until you are back.`,
      );
    this.clearing.set(true);
    this.failure.set('');
    try {
      await this.database.clear();
      // What is in memory is read again, too.
      location.reload();
    } catch (error) {
      this.failure.set(explain(error));
      this.clearing.set(false);
    }
  }
}
