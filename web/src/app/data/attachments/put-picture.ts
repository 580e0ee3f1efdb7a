import type { Api } from '../../core/api/api';
import { BASE } from '../../core/base';
import { Failure, isProblem } from '../../core/http/problem';
import { BYPASS } from './upload';

/** It is small: a square of 512 pixels. */
const SENT_WITHIN = 30_000;

/** Sends the picture of a person or a group; gives what the server says of them then. */
export function putPicture<T>(api: Api, path: string, picture: Blob): Promise<T> {
  return api.authorized(async (token) => {
    const answer = await fetch(BASE + path, {
      method: 'PUT',
      body: picture,
      headers: { authorization: `Bearer ${token}`, [BYPASS]: '' },
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(SENT_WITHIN),
    }).catch(() => null);
    const said: unknown = await answer?.json().catch(() => null);
    if (!answer?.ok) throw new Failure(isProblem(said) ? said : null);
    return said as T;
  });
}
