import { inject, Service } from '@angular/core';

import { Api } from '../../core/api/api';
import { BASE } from '../../core/base';
import { keepNewest } from '../../core/keep-newest';
import type { Attachment, AttachmentId, AttachmentLink } from '../../protocol/protocol';
import { BYPASS } from './upload';

/** A little less than the hour that the server gives; counted from here, because clocks differ. */
const GOOD_FOR = 55 * 60_000;
const HELD = 100;

interface Held {
  readonly address: Promise<string>;
  readonly since: number;
}

/**
 * Addresses from which the browser itself plays a file, part by part: an element that plays cannot send the
 * token, so the server gives a key for one file.
 */
@Service()
export class Links {
  private readonly api = inject(Api);
  private readonly held = new Map<AttachmentId, Held>();

  /** `anew` where the one that is held did not open. */
  to({ id, url }: Attachment, anew = false): Promise<string> {
    const held = this.held.get(id);
    if (held && !anew && performance.now() - held.since < GOOD_FOR) return held.address;
    const address = this.api
      .call<AttachmentLink>('POST', `${url}/link`)
      // The service worker would hold back what comes until it is whole.
      .then((link) => `${BASE}${link.url}&${BYPASS}=1`);
    address.catch(() => this.held.delete(id));
    keepNewest(this.held, id, { address, since: performance.now() }, HELD);
    return address;
  }
}
