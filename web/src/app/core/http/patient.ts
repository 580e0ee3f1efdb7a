import { breath } from '../breath';
import { backoff } from './backoff';
import { Failure } from './problem';

/** How often an overloaded server is asked again, within about six seconds. */
const AGAIN = 4;

/** Asks an overloaded server again for a while: it has done nothing of what it was asked. */
export async function patient<T>(ask: () => Promise<T>): Promise<T> {
  for (let failed = 0; ; failed++) {
    try {
      return await ask();
    } catch (error) {
      if (failed === AGAIN || !(error instanceof Failure) || error.code !== 'overloaded') throw error;
      await breath(1_000 * (error.problem?.retryAfter ?? 0) + backoff(failed));
    }
  }
}
