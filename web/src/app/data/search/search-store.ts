import { inject, Service } from '@angular/core';
import { BehaviorSubject, distinctUntilChanged, filter, map, Subject, switchMap, tap } from 'rxjs';

import { Api } from '../../core/api/api';
import { breath } from '../../core/breath';
import { explain, Failure } from '../../core/http/problem';
import type { Hit } from '../../protocol/protocol';
import { type Opened, SearchPanel } from './search-panel';

/** How long the person pauses before the server is asked. */
const PAUSE = 250;

export interface Searching extends Opened {
  readonly query: string;
  readonly hits: readonly Hit[];
  /** The rest, where there is one. */
  readonly next?: string | undefined;
  /** `null` until there is something to look for and its answer is there. */
  readonly answered: string | null;
  readonly loading: boolean;
  readonly failure: string | null;
}

const NOTHING = { hits: [], next: undefined, answered: null, loading: false, failure: null };

/** What is looked for in messages, and what was found. */
@Service()
export class SearchStore {
  private readonly api = inject(Api);
  private readonly panel = inject(SearchPanel);
  private readonly state = new BehaviorSubject<Searching>({
    open: false,
    opened: 0,
    within: null,
    query: '',
    ...NOTHING,
  });
  readonly state$ = this.state.asObservable();
  /** The person changed what is looked for, or where. */
  private readonly asked = new Subject<void>();

  constructor() {
    this.asked
      .pipe(
        map(() => ({ query: this.state.value.query.trim(), within: this.state.value.within })),
        distinctUntilChanged((a, b) => a.query === b.query && a.within === b.within),
        tap(({ query }) => this.change(query === '' ? NOTHING : { loading: true, failure: null })),
        switchMap(async ({ query }) => {
          if (query !== '') await breath(PAUSE);
          return query;
        }),
        switchMap(async (query) => (query === '' ? null : this.first())),
        filter((found) => found !== null),
      )
      .subscribe((found) => this.change(found));
    this.panel.state$.subscribe((opened) => this.ask({ ...opened, ...(opened.open ? {} : { query: '' }) }));
  }

  look(query: string): void {
    this.ask({ query });
  }

  async again(): Promise<void> {
    this.change({ loading: true, failure: null });
    this.change(await this.first());
  }

  async more(): Promise<void> {
    const { next, query, within, loading, hits } = this.state.value;
    if (!next || loading) return;
    this.change({ loading: true, failure: null });
    const found = await this.find(next);
    const now = this.state.value;
    // Something else is looked for by now.
    if (now.query !== query || now.within !== within) return;
    this.change(found.hits ? { ...found, hits: [...hits, ...found.hits] } : found);
  }

  private async first(): Promise<Partial<Searching>> {
    const { query } = this.state.value;
    const found = await this.find();
    return { ...(found.hits ? {} : { hits: [], next: undefined }), ...found, answered: query.trim() };
  }

  private async find(next?: string): Promise<Partial<Searching>> {
    const { query, within } = this.state.value;
    try {
      const page = await this.api.search(query.trim(), within, next);
      return { hits: page.items, next: page.next, loading: false, failure: null };
    } catch (error) {
      // Nothing but punctuation: there are no words to look for.
      if (error instanceof Failure && error.code === 'invalid')
        return { hits: [], next: undefined, loading: false };
      return { loading: false, failure: explain(error) };
    }
  }

  private ask(part: Partial<Searching>): void {
    this.change(part);
    this.asked.next();
  }

  private change(part: Partial<Searching>): void {
    this.state.next({ ...this.state.value, ...part });
  }
}
