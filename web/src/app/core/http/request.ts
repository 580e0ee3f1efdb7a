import { BASE } from '../base';
import { Failure, isProblem } from './problem';
import { hear } from './server-time';

/** How long an answer may take: without an end, one that never comes would hold up whatever waits for it. */
const ANSWER_WITHIN = 15_000;

export interface Options {
  readonly body?: unknown;
  readonly token?: string;
  /** Gives up the answer. */
  readonly signal?: AbortSignal | undefined;
  /** Goes on although the page ends. */
  readonly keepalive?: boolean;
}

/** One call over HTTP, at a path below the server's own: the answer's body, or a `Failure`. */
export async function request<T>(
  method: string,
  path: string,
  { body, token, signal, keepalive = false }: Options = {},
): Promise<T> {
  const headers = new Headers({ accept: 'application/json' });
  if (token) headers.set('authorization', `Bearer ${token}`);
  if (body !== undefined) headers.set('content-type', 'application/json');
  const abort = new AbortController();
  const giveUp = () => abort.abort();
  const deadline = setTimeout(giveUp, ANSWER_WITHIN);
  signal?.addEventListener('abort', giveUp);
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      credentials: 'omit',
      keepalive,
      signal: abort.signal,
    });
    hear(response);
    const text = await response.text();
    answer = text ? JSON.parse(text) : undefined;
  } catch {
    throw new Failure(null);
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener('abort', giveUp);
  }
  if (!response.ok) throw new Failure(isProblem(answer) ? answer : null);
  return answer as T;
}
