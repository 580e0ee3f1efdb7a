import type { Code, Problem } from '../../protocol/protocol';

/** What is said of an error in the language of the page, by its code; in English the server says it itself. */
let sentences: Readonly<Record<string, string>> = {};

export function tellByCode(translated: Readonly<Record<string, string>>): void {
  sentences = translated;
}

/** What went wrong, in a shape the views can show: the server's own problem, or that it was not reached. */
export class Failure extends Error {
  constructor(
    readonly problem: Problem | null,
    unreached = $localize`The server cannot be reached. Check the connection and try again.`,
  ) {
    super(problem ? (sentences[problem.code] ?? problem.detail) : unreached);
  }

  get code(): Code | 'unreachable' {
    return this.problem?.code ?? 'unreachable';
  }

  /** Whether the same request may succeed later, unchanged. */
  get retryable(): boolean {
    return this.problem?.retryable ?? true;
  }
}

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value && 'detail' in value;
}

/** Anything thrown, as a sentence for a person. */
export function explain(error: unknown): string {
  return error instanceof Failure ? error.message : $localize`Something went wrong. Try again.`;
}
