import type { Conversation, Page } from '../../protocol/protocol';
import { request } from '../http/request';
import { storedSession } from '../session/session';

let early: Promise<Page<Conversation>> | null = null;

/**
 * Asks for the conversations while the messenger itself is still on its way; whether somebody is logged in.
 */
export function askEarly(): boolean {
  const session = storedSession();
  if (!session) return false;
  early = request<Page<Conversation>>('GET', '/api/conversations', { token: session.token });
  // Whoever takes the answer hears of the failure, too.
  early.catch(() => undefined);
  return true;
}

/** The answer, once. */
export function takeEarly(): Promise<Page<Conversation>> | null {
  const answer = early;
  early = null;
  return answer;
}
