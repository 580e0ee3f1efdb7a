import { Component, computed, inject, input } from '@angular/core';

import { OwnReactions } from '../../data/messages/own-reactions';
import { type Reaction, reactionsOf } from '../../data/messages/reaction';
import type { Message } from '../../protocol/protocol';

/** Under a message: who reacted with what. A press adds one's own, or takes it back. */
@Component({
  selector: 'aldis-reactions',
  template: `
    @for (reaction of reactions(); track reaction.emoji) {
      <button
        type="button"
        class="reaction"
        [class.mine]="reaction.mine"
        [class.rising]="comes(reaction)"
        [attr.aria-pressed]="reaction.mine"
        [attr.aria-disabled]="!open()"
        [attr.tabindex]="reachable() ? 0 : -1"
        [title]="reaction.names"
        (click)="toggle(reaction)"
      >
        <span class="reaction-face">
          <span class="reaction-emoji">{{ reaction.emoji }}</span> {{ reaction.count }}
          <span class="unseen">{{ words.by(reaction.names) }}</span>
        </span>
      </button>
    }
  `,
  host: { role: 'group', '[attr.aria-label]': 'words.label' },
})
export class Reactions {
  protected readonly words = {
    label: $localize`Reactions`,
    by: (names: string) => $localize`by ${names}:names:`,
  };
  private readonly own = inject(OwnReactions);

  readonly message = input.required<Message>();
  readonly me = input.required<string>();
  readonly names = input.required<ReadonlyMap<string, string>>();
  readonly reachable = input(false);
  /** Whether one may still react here. */
  readonly open = input(true);

  protected readonly reactions = computed(() =>
    reactionsOf(this.message(), this.names(), this.me(), (emoji) => this.own.has(this.message(), emoji)),
  );

  /** Whether the first of them came while one looked: then it rises, as those that come later do. */
  readonly rising = input(false);
  private present: ReadonlySet<string> | undefined;

  protected comes({ emoji }: Reaction): boolean {
    this.present ??= new Set(this.rising() ? [] : this.reactions().map(({ emoji }) => emoji));
    return !this.present.has(emoji);
  }

  protected toggle({ emoji }: Reaction): void {
    if (this.open()) void this.own.react(this.message(), emoji);
  }
}
