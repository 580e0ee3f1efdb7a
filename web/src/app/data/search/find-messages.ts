import { computed, effect, inject, type Signal, signal } from '@angular/core';

import { Api } from '../../core/api/api';
import { readUntilFound } from '../../core/api/pages';
import { KeptMessages } from '../../core/disk/kept-messages';
import { explain, Failure } from '../../core/http/problem';
import type { Hit, Page } from '../../protocol/protocol';
import { ConversationStore } from '../conversations/conversation-store';
import type { Asked } from './asked';
import { searchKept } from './search-kept';

/** Each search costs what a message costs, so the server is asked in pauses only. */
const PAUSE = 250;

export interface FoundMessages {
  /** The newest first. Until the next answer is there, those of the last one. */
  readonly hits: Signal<readonly Hit[]>;
  /** The server has not answered for what is asked. */
  readonly looking: Signal<boolean>;
  /** There are more. */
  readonly more: Signal<boolean>;
  /** Why there are none, or no more, or only those that are kept on this device. */
  readonly failure: Signal<string>;
  /** The next page; after a failure the same once more. */
  readOn(): Promise<void>;
}

interface State {
  /** What was answered. */
  readonly asked: Asked | null;
  readonly hits: readonly Hit[];
  readonly next?: string | undefined;
  /** They are those that this browser keeps: the server was not reached. */
  readonly kept: boolean;
  readonly reading: boolean;
  readonly failure: string;
}

const NOTHING: State = { asked: null, hits: [], kept: false, reading: false, failure: '' };

/** Messages that have the words of a query, once the person pauses. */
export function findMessages(question: Signal<Asked>): FoundMessages {
  const api = inject(Api);
  const browser = inject(KeptMessages);
  const conversations = inject(ConversationStore);
  const asked = computed<Asked>(() => ({ ...question(), query: question().query.trim() }), { equal: same });
  const state = signal(NOTHING);

  async function read(asked: Asked, before: State, stop?: AbortSignal): Promise<State> {
    try {
      const found = await readUntilFound(
        (next) => api.call<Page<Hit>>('GET', `/api/search?${parameters(asked, next)}`, undefined, stop),
        before.next,
      );
      return { ...NOTHING, asked, hits: [...before.hits, ...found.items], next: found.next };
    } catch (error) {
      // Nothing but punctuation: there are no words to look for.
      const code = error instanceof Failure && error.code;
      const wordless = code === 'invalid';
      if (code === 'unreachable' && before.hits.length === 0) {
        const ids = conversations.items.map(({ id }) => id);
        const kept = await searchKept(browser, ids, asked, stop);
        const failure = $localize`No connection: only what is kept on this device was searched.`;
        return { ...NOTHING, asked, hits: kept, kept: true, failure };
      }
      return { ...before, asked, reading: false, failure: wordless ? '' : explain(error) };
    }
  }

  effect((ended) => {
    const wanted = asked();
    if (wanted.query === '') return state.set(NOTHING);
    const stop = new AbortController();
    const ask = async () => {
      const answer = await read(wanted, NOTHING, stop.signal);
      if (!stop.signal.aborted) state.set(answer);
    };
    const timer = setTimeout(() => void ask(), PAUSE);
    ended(() => {
      clearTimeout(timer);
      stop.abort();
    });
  });

  async function readOn(): Promise<void> {
    const before = state();
    if (before.reading || !before.asked || !(before.next || before.failure)) return;
    const reading: State = { ...before, reading: true, failure: '' };
    state.set(reading);
    const answer = await read(before.asked, before.kept ? NOTHING : before);
    // Something else was asked by now.
    if (state() === reading) state.set(answer);
  }

  const looking = computed(
    () => asked().query !== '' && (!state().asked || !same(state().asked!, asked()) || state().reading),
  );
  return {
    hits: computed(() => state().hits),
    looking,
    more: computed(() => state().next !== undefined),
    failure: computed(() => (looking() ? '' : state().failure)),
    readOn,
  };
}

function parameters({ query, within, from, after, before }: Asked, next: string | undefined): string {
  return new URLSearchParams({
    q: query,
    ...(within && { conversationId: within }),
    ...(from && { from }),
    ...(after && { after: after.toISOString() }),
    ...(before && { before: before.toISOString() }),
    ...(next && { next }),
  }).toString();
}

function same(a: Asked, b: Asked): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
