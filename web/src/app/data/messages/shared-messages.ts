import { computed, effect, inject, type Signal, signal, untracked } from '@angular/core';
import { takeUntilDestroyed, toSignal } from '@angular/core/rxjs-interop';

import { Api } from '../../core/api/api';
import { readUntilFound } from '../../core/api/pages';
import { KeptMessages, newestFirst } from '../../core/disk/kept-messages';
import { explain, Failure } from '../../core/http/problem';
import { WebSocketService } from '../../core/line/web-socket-service';
import { newer } from '../../core/newer';
import type { ConversationId, Message, Page, SharedKind } from '../../protocol/protocol';
import { MessageStore } from './message-store';
import { shares } from './shared';

/** Kept messages that are looked at. */
const MOST_KEPT = 5_000;

/** The messages of a conversation that share something. */
export interface SharedMessages {
  /** The newest first, as they are now. */
  readonly messages: Signal<readonly Message[]>;
  /** Whether something was answered. */
  readonly begun: Signal<boolean>;
  readonly reading: Signal<boolean>;
  /** There are more. */
  readonly more: Signal<boolean>;
  /** The server was not reached: these are the ones that this browser keeps. */
  readonly kept: Signal<boolean>;
  readonly failure: Signal<string>;
  /** The next page; after a failure the same once more. */
  readOn(): Promise<void>;
}

interface State {
  readonly messages: readonly Message[];
  readonly next?: string | undefined;
  readonly begun: boolean;
  readonly kept: boolean;
  readonly reading: boolean;
  readonly failure: string;
}

const NOTHING: State = { messages: [], begun: false, kept: false, reading: false, failure: '' };

/** Reads them once they are wanted. What is said meanwhile is there, too, and what is deleted goes. */
export function sharedMessages(
  id: Signal<ConversationId>,
  kind: SharedKind,
  wanted: Signal<boolean>,
): SharedMessages {
  const api = inject(Api);
  const browser = inject(KeptMessages);
  const threads = toSignal(inject(MessageStore).threads$, { requireSync: true });
  const state = signal(NOTHING);

  async function read(before: State): Promise<State> {
    try {
      const found = await readUntilFound((next) => {
        const query = new URLSearchParams({ kind, ...(next && { next }) });
        const path = `/api/conversations/${encodeURIComponent(id())}/attachments?${query}`;
        return api.call<Page<Message>>('GET', path);
      }, before.next);
      const messages = [...before.messages, ...found.items];
      return { ...NOTHING, messages, next: found.next, begun: true };
    } catch (error) {
      if (error instanceof Failure && error.code === 'unreachable' && before.messages.length === 0)
        return { ...NOTHING, messages: await keptOf(browser, id(), kind), begun: true, kept: true };
      return { ...before, reading: false, failure: explain(error) };
    }
  }

  async function readOn(): Promise<void> {
    const before = state();
    if (before.reading || (before.begun && !before.next && !before.failure && !before.kept)) return;
    state.set({ ...before, reading: true, failure: '' });
    state.set(await read(before.kept ? NOTHING : before));
  }

  effect(() => {
    if (wanted()) untracked(() => !state().begun && void readOn());
  });
  inject(WebSocketService)
    .status$.pipe(takeUntilDestroyed())
    .subscribe((status) => status === 'online' && state().kept && void readOn());

  const messages = computed(() => {
    const { begun, messages } = state();
    const held = threads().get(id())?.messages ?? [];
    const newest = messages[0]?.seq ?? 0;
    const changed = new Map(held.map((message) => [message.id, message]));
    const since = begun ? held.filter(({ seq }) => seq > newest).reverse() : [];
    const now = messages.map((message) => {
      const other = changed.get(message.id);
      return other && newer(other, message) ? other : message;
    });
    return [...since, ...now].filter((message) => shares(message, kind));
  });
  return {
    messages,
    begun: computed(() => state().begun),
    reading: computed(() => state().reading),
    more: computed(() => state().next !== undefined),
    kept: computed(() => state().kept),
    failure: computed(() => state().failure),
    readOn,
  };
}

/** Of what this browser keeps of a conversation, the newest first. */
async function keptOf(browser: KeptMessages, id: ConversationId, kind: SharedKind): Promise<Message[]> {
  const found: Message[] = [];
  let looked = 0;
  for await (const page of newestFirst(browser, id)) {
    found.push(...page.filter((message) => shares(message, kind)));
    looked += page.length;
    if (looked >= MOST_KEPT) break;
  }
  return found;
}
