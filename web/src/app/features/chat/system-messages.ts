import {
  computed,
  effect,
  inject,
  Injector,
  runInInjectionContext,
  type Signal,
  signal,
  untracked,
} from '@angular/core';

import type { SystemMessage } from '../../data/messages/system-message';
import type { Thread } from '../../data/messages/thread';
import type { Conversation } from '../../protocol/protocol';

/**
 * The lines that say how the group of a chat changed; from the first group on, since what reads them is
 * loaded then.
 */
export function systemMessages(
  conversation: Signal<Conversation | undefined>,
  thread: Signal<Thread>,
  apart: Signal<boolean>,
  names: Signal<ReadonlyMap<string, string>>,
): Signal<readonly SystemMessage[]> {
  const injector = inject(Injector);
  const notes = signal<Signal<readonly SystemMessage[]> | null>(null);
  const wanted = computed(() => conversation()?.kind === 'group');
  effect(() => {
    if (wanted() && !untracked(notes)) void load().catch(() => undefined);
  });
  async function load(): Promise<void> {
    const { readSystemMessages } = await import('../../rare');
    if (!notes())
      notes.set(
        runInInjectionContext(injector, () => readSystemMessages(conversation, thread, apart, names)),
      );
  }
  return computed(() => notes()?.() ?? []);
}
