import { Service } from '@angular/core';
import { BehaviorSubject } from 'rxjs';

import type { ConversationId } from '../../protocol/protocol';

export interface Opened {
  readonly open: boolean;
  /** How often it was asked for: each time the field gets the focus. */
  readonly opened: number;
  /** Where; everywhere if `null`. */
  readonly within: ConversationId | null;
}

/**
 * Whether the person searches, and where. What is looked for and found is that of `SearchStore`, which is
 * loaded then.
 */
@Service()
export class SearchPanel {
  private readonly state = new BehaviorSubject<Opened>({ open: false, opened: 0, within: null });
  readonly state$ = this.state.asObservable();

  /** In one conversation, or in all. */
  open(within: ConversationId | null): void {
    this.state.next({ open: true, opened: this.state.value.opened + 1, within });
  }

  close(): void {
    this.state.next({ ...this.state.value, open: false, within: null });
  }
}
