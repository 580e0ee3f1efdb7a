import { Failure } from '../http/problem';

const SHORTEST = 8;
const LONGEST = 256;

/** What is wrong with a new password, as far as one can tell without the server; empty if nothing is. */
export function passwordFault(password: string): string {
  const length = [...password].length;
  if (length < SHORTEST) return $localize`Use at least 8 characters.`;
  return length > LONGEST ? $localize`Use at most 256 characters.` : '';
}

/** What the server found wrong with a new password in this field; empty if it was something else. */
export function passwordRefusal(error: unknown, field: string): string {
  const refused = error instanceof Failure && error.code === 'invalid' && error.problem?.field === field;
  return refused ? $localize`Many people use this password, so it is quickly guessed. Choose another.` : '';
}
