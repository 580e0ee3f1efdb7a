import { Component, inject } from '@angular/core';

import { NotificationOffer } from '../../data/notifications/notification-offer';

/** A line above the list: whether one wants to hear of messages while the page is in the background. */
@Component({
  selector: 'aldis-offer',
  template: `
    @if (offer.shown()) {
      <div class="offer" role="status">
        <p>Get notified of new messages?</p>
        <button type="button" class="link-button" (click)="offer.accept()">Yes</button>
        <button type="button" class="link-button" (click)="offer.decline()">Not now</button>
      </div>
    }
  `,
})
export class Offer {
  protected readonly offer = inject(NotificationOffer);
}
