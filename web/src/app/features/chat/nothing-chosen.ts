import { Component, computed, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { around } from '../../core/language/around';
import { ConversationStore } from '../../data/conversations/conversation-store';
import { SHORTCUT } from '../../ui/shortcut';

/** The chat pane before a conversation is chosen; a phone shows the list instead. */
@Component({
  selector: 'aldis-nothing-chosen',
  template: `
    <div class="empty">
      <svg class="mark" viewBox="3 5 26 22" aria-hidden="true"><use href="#mark" /></svg>
      @if (empty()) {
        <h2>{{ words.welcome }}</h2>
        <p>{{ words.find }}</p>
      } @else {
        <h2>{{ words.choose }}</h2>
        <p>
          {{ words.orPress[0] }}<kbd>{{ shortcut }}</kbd
          >{{ words.orPress[1] }}
        </p>
      }
    </div>
  `,
})
export class NothingChosen {
  protected readonly words = {
    welcome: $localize`Welcome to Aldis`,
    find: $localize`Find somebody to write to, or send them your address.`,
    choose: $localize`Choose a conversation`,
    orPress: around((key) => $localize`Or press ${key}:key: and type a name.`),
  };
  protected readonly shortcut = SHORTCUT;
  private readonly state = toSignal(inject(ConversationStore).state$, { requireSync: true });
  /** There is none to choose. */
  protected readonly empty = computed(() => {
    const { items, loading, failure } = this.state();
    return items.length === 0 && !loading && !failure;
  });
}
