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

import { namesOf } from '../../core/handle';
import { isCut } from '../../data/conversations/conversation';
import { Names } from '../../data/people/names';
import type { Conversation, Member } from '../../protocol/protocol';

/**
 * The members of the conversation of a chat; what reads those of a large group is loaded at the first of
 * these.
 */
export function allMembers(conversation: Signal<Conversation | undefined>): Signal<readonly Member[]> {
  const injector = inject(Injector);
  const members = signal<Signal<readonly Member[]> | null>(null);
  effect(() => {
    if (isCut(conversation()) && !untracked(members)) void load().catch(() => undefined);
  });
  async function load(): Promise<void> {
    const { readMembers } = await import('../../rare');
    if (!members()) members.set(runInInjectionContext(injector, () => readMembers(conversation)));
  }
  return computed(() => members()?.() ?? conversation()?.members ?? []);
}

/** The names of these members, and of people who left. */
export function allNames(members: Signal<readonly Member[]>): Signal<ReadonlyMap<string, string>> {
  const former = inject(Names).known;
  return computed(() => namesOf(members(), former()));
}
