import { computed, effect, inject, type Signal, signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';

import { Api } from '../../core/api/api';
import { plain } from '../../core/format/text';
import { handleOf, typedUsername, withoutUser } from '../../core/handle';
import { explain, Failure } from '../../core/http/problem';
import type { Page, User } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';
import { type Acquaintance, acquaintances } from './acquaintances';
import { Faces } from './faces';

/** The server refuses to look for less. */
const LEAST = 2;
/** Each page costs what a message costs, so the server is asked in pauses only. */
const PAUSE = 250;
/** People that are looked for, and pages that are read for them: a page may be empty and have a next one. */
const ENOUGH = 8;
const PAGES = 4;

export interface FoundPeople {
  /** Those one has a conversation with first; all of them where nothing is typed. */
  readonly people: Signal<readonly Acquaintance[]>;
  /** The server has not answered for what is typed. */
  readonly looking: Signal<boolean>;
  /** Why only people one knows are there. */
  readonly failure: Signal<string>;
  /** Asks once more. */
  again(): void;
}

interface Answer {
  readonly query: string;
  readonly people: readonly User[];
  readonly failure: string;
}

/**
 * People whose username or name begins as it is typed: of those one knows at once, of all others once the
 * server has answered for the text that was typed last.
 */
export function findPeople(typed: Signal<string>): FoundPeople {
  const api = inject(Api);
  const faces = inject(Faces);
  const store = inject(ConversationStore);
  const conversations = toSignal(store.conversations$, { requireSync: true });
  const query = computed(() => typedUsername(typed()));
  const answer = signal<Answer>({ query: '', people: [], failure: '' });

  async function ask(query: string, stop: AbortSignal): Promise<void> {
    const people: User[] = [];
    let failure = '';
    try {
      let next: string | undefined;
      for (let page = 0; page < PAGES && people.length < ENOUGH && !stop.aborted; page++) {
        const parameters = new URLSearchParams({ query, ...(next ? { next } : {}) });
        const found = await api.call<Page<User>>('GET', `/api/users?${parameters}`, undefined, stop);
        people.push(...found.items);
        faces.know(found.items);
        next = found.next;
        if (!next) break;
      }
    } catch (error) {
      const offline = error instanceof Failure && error.code === 'unreachable';
      failure = offline ? $localize`No connection: only people you know are shown.` : explain(error);
    }
    if (!stop.aborted) answer.set({ query, people, failure });
  }

  const tries = signal(0);
  const asks = computed(() => [...query()].length >= LEAST);
  effect((ended) => {
    tries();
    if (!asks()) return;
    const wanted = query();
    const stop = new AbortController();
    const timer = setTimeout(() => void ask(wanted, stop.signal), PAUSE);
    ended(() => {
      clearTimeout(timer);
      stop.abort();
    });
  });

  const people = computed(() => {
    const known = acquaintances(conversations(), store.me);
    const wanted = plain(query());
    if (wanted === '') return known;
    const begins = ({ username, displayName }: Acquaintance) =>
      [username, displayName, ...displayName.split(/\s+/)].some((word) => plain(word).startsWith(wanted));
    // Until the next answer is there, those of the last one who still match stay.
    const found = withoutUser(answer().people, store.me).filter(
      (person) => answer().query === query() || begins(person),
    );
    return [
      ...new Map(
        [...known.filter(begins), ...found].map((person) => [handleOf(person.username), person] as const),
      ).values(),
    ];
  });
  const looking = computed(() => asks() && answer().query !== query());
  return {
    people,
    looking,
    failure: computed(() => (looking() || !asks() ? '' : answer().failure)),
    again: () => {
      answer.set({ query: '', people: [], failure: '' });
      tries.update((count) => count + 1);
    },
  };
}
