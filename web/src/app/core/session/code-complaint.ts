import { explain, Failure } from '../http/problem';

/** Why a code was refused, in words that say what to do. */
export function codeComplaint(error: unknown): string {
  const code = error instanceof Failure ? error.code : undefined;
  if (code === 'otp_invalid') return $localize`That is not the code, or it is no longer valid.`;
  if (code === 'otp_locked') return $localize`Too many wrong tries. Send a new code and use that one.`;
  return explain(error);
}
