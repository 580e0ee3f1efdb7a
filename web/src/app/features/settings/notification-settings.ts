import { Component, inject, signal } from '@angular/core';

import { Database } from '../../core/disk/database';
import { noticeChoices, type NotificationChoices, putNoticeChoices } from '../../core/disk/notice-choices';
import { Switch } from '../../ui/switch';
import { Resource, ResourceState } from './resource';

/** Whether this browser tells of new messages while nobody looks. */
@Component({
  selector: 'aldis-notification-settings',
  imports: [ResourceState, Switch],
  template: `
    <aldis-resource [what]="choices" />
    @if (choices.value(); as choices) {
      @if (permission() === 'none') {
        <p class="notice">
          {{ words.none }}
        </p>
      } @else {
        <aldis-switch
          label="New messages"
          i18n-label
          note="On this device, while Aldis is open in the background."
          i18n-note
          [on]="on(choices)"
          [busy]="busy()"
          (toggled)="turn(choices, $event)"
        />
        @if (permission() === 'denied') {
          <p class="notice" role="status">
            {{ words.denied }}
          </p>
        }
        @if (on(choices)) {
          <aldis-switch
            label="Show what was written"
            i18n-label
            note="Otherwise only from whom it is."
            i18n-note
            [on]="choices.text"
            (toggled)="keep({ ...choices, on: true, text: $event })"
          />
          <aldis-switch
            label="Sound"
            i18n-label
            note="Once for what comes together; none of what is muted."
            i18n-note
            [on]="choices.sound !== false"
            (toggled)="keep({ ...choices, on: true, sound: $event })"
          />
        }
      }
    }
    <p class="settings-note">
      {{ words.muted }}
    </p>
  `,
})
export class NotificationSettings {
  protected readonly words = {
    none: $localize`This browser shows no notifications here. They need https, and on an iPhone or iPad the client on the home screen.`,
    denied: $localize`This browser does not allow Aldis to show notifications. Allow them for this site in the settings of the browser, beside its address, and turn them on here.`,
    muted: $localize`What is muted stays silent, unless somebody mentions you. What is unread is counted in the title of the tab, too.`,
  };
  private readonly database = inject(Database);

  protected readonly choices = new Resource(() => noticeChoices(this.database));
  protected readonly permission = signal<NotificationPermission | 'none'>(
    'Notification' in window ? Notification.permission : 'none',
  );
  protected readonly busy = signal(false);

  protected on(choices: NotificationChoices): boolean {
    return choices.on && this.permission() === 'granted';
  }

  protected async turn(choices: NotificationChoices, on: boolean): Promise<void> {
    if (on && this.permission() !== 'granted') {
      this.busy.set(true);
      this.permission.set(await Notification.requestPermission());
      this.busy.set(false);
      if (this.permission() !== 'granted') return;
    }
    await this.keep({ ...choices, on });
  }

  protected async keep(choices: NotificationChoices): Promise<void> {
    this.choices.value.set(choices);
    await putNoticeChoices(this.database, choices);
  }
}
