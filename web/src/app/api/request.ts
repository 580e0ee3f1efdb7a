import { Failure, isProblem } from './problem';

/** One call over HTTP: the answer's body, or a `Failure`. */
export async function request<T>(method: string, path: string, options: { body?: unknown; token?: string } = {}): Promise<T> {
  const headers = new Headers({ accept: 'application/json' });
  if (options.token) headers.set('authorization', `Bearer ${options.token}`);
  if (options.body !== undefined) headers.set('content-type', 'application/json');
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      cache: 'no-store',
      credentials: 'omit',
    });
    const text = await response.text();
    body = text ? JSON.parse(text) : undefined;
  } catch {
    throw new Failure(null);
  }
  if (!response.ok) throw new Failure(isProblem(body) ? body : null);
  return body as T;
}
