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

import type { Conversation } from '../protocol/protocol';
import type { GroupNote } from './group-change';
import type { Thread } from './thread';

/**
 * The lines that say how the group of a chat changed; from the first group on, since what reads them is
 * loaded then.
 */
export function groupNotes(
  conversation: Signal<Conversation | undefined>,
  thread: Signal<Thread>,
  apart: Signal<boolean>,
  names: Signal<ReadonlyMap<string, string>>,
): Signal<readonly GroupNote[]> {
  const injector = inject(Injector);
  const notes = signal<Signal<readonly GroupNote[]> | null>(null);
  const wanted = computed(() => conversation()?.kind === 'group');
  effect(() => {
    if (wanted() && !untracked(notes)) void load().catch(() => undefined);
  });
  async function load(): Promise<void> {
    const { readGroupNotes } = await import('../rare');
    if (!notes())
      notes.set(runInInjectionContext(injector, () => readGroupNotes(conversation, thread, apart, names)));
  }
  return computed(() => notes()?.() ?? []);
}
