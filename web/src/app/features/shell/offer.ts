import { Component, inject } from '@angular/core';

import { NotificationOffer } from '../../data/notifications/notification-offer';

/** A line above the list: whether one wants to hear of messages while the page is in the background. */
@Component({
  selector: 'aldis-offer',
  template: `
    @if (offer.shown()) {
      <div class="offer" role="status">
        <p>{{ words.question }}</p>
        <button type="button" class="link-button" (click)="offer.accept()">{{ words.yes }}</button>
        <button type="button" class="link-button" (click)="offer.decline()">{{ words.later }}</button>
      </div>
    }
  `,
})
export class Offer {
  protected readonly words = {
    question: $localize`Get notified of new messages?`,
    yes: $localize`Yes`,
    later: $localize`Not now`,
  };
  protected readonly offer = inject(NotificationOffer);
}
