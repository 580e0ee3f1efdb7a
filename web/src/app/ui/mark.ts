import { Component } from '@angular/core';

/** The lamp with its shutter. */
@Component({
  selector: 'aldis-mark',
  template: `
    <svg viewBox="3 5 26 22" aria-hidden="true">
      <path
        d="M4.7 13.5h.8a1.2 1.2 0 0 1 1.2 1.2v2.6a1.2 1.2 0 0 1-1.2 1.2h-.8a1.2 1.2 0 0 1-1.2-1.2v-2.6a1.2 1.2 0 0 1 1.2-1.2zM26.5 13.5h.8a1.2 1.2 0 0 1 1.2 1.2v2.6a1.2 1.2 0 0 1-1.2 1.2h-.8a1.2 1.2 0 0 1-1.2-1.2v-2.6a1.2 1.2 0 0 1 1.2-1.2zM9.2 10.4a8.8 8.8 0 0 1 13.6 0zM7.9 12.5h16.2a8.8 8.8 0 0 1 .6 2.2H7.3a8.8 8.8 0 0 1 .6-2.2zM7.24 17.2h17.52a8.8 8.8 0 0 1-.8 2.6H8.04a8.8 8.8 0 0 1-.8-2.6zM9.7 22.1h12.6a8.8 8.8 0 0 1-12.6 0z"
      />
    </svg>
  `,
})
export class Mark {}
