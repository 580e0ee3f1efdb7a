import type { ConversationId } from '../../protocol/protocol';

type Work = (signal: AbortSignal, id: ConversationId) => Promise<void>;

interface Turn {
  readonly done: Promise<void>;
  readonly abort: AbortController;
}

/** One piece of work for a conversation after the other, with a way to give up those that may never end. */
export class Turns {
  private readonly under = new Map<ConversationId, Turn>();

  constructor(
    /** Hears of what goes wrong, unless the work was given up. */
    private readonly failed: (id: ConversationId, error: unknown) => void,
  ) {}

  has(id: ConversationId): boolean {
    return this.under.has(id);
  }

  take(id: ConversationId, work: Work): Promise<void> {
    const before = this.under.get(id);
    const abort = before?.abort ?? new AbortController();
    const { signal } = abort;
    const done = (before?.done ?? Promise.resolve())
      .then(() => (signal.aborted ? undefined : work(signal, id)))
      .catch((error: unknown) => (signal.aborted ? undefined : this.failed(id, error)))
      .then(() => {
        if (this.under.get(id) === turn) this.under.delete(id);
      });
    const turn: Turn = { done, abort };
    this.under.set(id, turn);
    return done;
  }

  async each(ids: Iterable<ConversationId>, work: Work): Promise<void> {
    await Promise.all([...ids].map((id) => this.take(id, work)));
  }

  /** Gives up what is under way; the next work begins at once. */
  giveUp(): ConversationId[] {
    const given = [...this.under];
    this.under.clear();
    for (const [, { abort }] of given) abort.abort();
    return given.map(([id]) => id);
  }
}
