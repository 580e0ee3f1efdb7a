import { Component, effect, input, signal } from '@angular/core';

import { oneLine } from '../../core/format/text';
import { carried } from '../../data/attachments/summary';
import type { Entry } from '../../data/messages/timeline';

const KEPT = 10;
/** Characters of a message that are read out; the message itself has the rest. */
const SPOKEN = 1_000;

/**
 * What was said, for a screen reader: new messages of others as they come, never the history that scrolling
 * brings.
 */
@Component({
  selector: 'aldis-announcer',
  template: `
    <div class="unseen" role="log" aria-label="New messages" i18n-aria-label>
      @for (line of lines(); track line.key) {
        <p>{{ line.text }}</p>
      }
    </div>
  `,
})
export class Announcer {
  readonly entries = input.required<readonly Entry[]>();
  readonly names = input.required<ReadonlyMap<string, string>>();
  /** From when the history is there; what comes after is news. */
  readonly ready = input.required<boolean>();

  protected readonly lines = signal<readonly { key: string; text: string }[]>([]);
  private heard: number | null = null;

  constructor() {
    effect(() => {
      const entries = this.entries();
      const newest = entries.findLast(({ message }) => message)?.message?.seq ?? 0;
      if (!this.ready()) return;
      const heard = this.heard;
      this.heard = Math.max(newest, heard ?? 0);
      if (heard === null || newest <= heard) return;
      const fresh = entries.filter(({ own, message }) => !own && message && message.seq > heard);
      const said = fresh.map(({ key, sender, text, attachments }) => {
        const words = oneLine(text, SPOKEN) || carried(attachments);
        return { key, text: `${this.names().get(sender) ?? sender}: ${words}` };
      });
      this.lines.update((lines) => [...lines, ...said].slice(-KEPT));
    });
  }
}
