import { inject, Service } from '@angular/core';

import type {
  Block,
  ChangeConversation,
  ChangeMe,
  Conversation,
  ConversationChange,
  ConversationId,
  Member,
  Message,
  NewGroup,
  Page,
  Role,
  Session,
  SessionId,
  User,
} from '../../protocol/protocol';
import { Failure } from '../http/problem';
import { request } from '../http/request';
import { AuthService } from '../session/auth-service';
import { takeEarly } from './early';

/** Which part of a conversation's history. */
export type Where =
  { beforeSeq: number } | { afterSeq: number } | { aroundSeq: number } | { aroundTime: string };

/** The calls of a person who is logged in. */
@Service()
export class Api {
  private readonly auth = inject(AuthService);

  user(username: string): Promise<User> {
    return this.get(`/api/users/${encodeURIComponent(username)}`);
  }

  me(): Promise<User> {
    return this.get('/api/users/me');
  }

  changeMe(change: ChangeMe): Promise<User> {
    return this.call('PATCH', '/api/users/me', change);
  }

  sessions(): Promise<Session[]> {
    return this.get('/auth/sessions');
  }

  endSession(id: SessionId): Promise<void> {
    return this.call('DELETE', `/auth/sessions/${encodeURIComponent(id)}`);
  }

  async conversations(next?: string): Promise<Page<Conversation>> {
    const early = next ? null : await takeEarly()?.catch(() => null);
    return early ?? this.get(`/api/conversations${after(next)}`);
  }

  /** The direct conversation with somebody, if it has begun. */
  async conversationWith(username: string): Promise<Conversation | undefined> {
    const found = await this.get<Page<Conversation>>(
      `/api/conversations?with=${encodeURIComponent(username)}`,
    );
    return found.items[0];
  }

  conversation(id: ConversationId): Promise<Conversation> {
    return this.get(`/api/conversations/${encodeURIComponent(id)}`);
  }

  members(id: ConversationId, next?: string): Promise<Page<Member>> {
    return this.get(`/api/conversations/${encodeURIComponent(id)}/members${after(next)}`);
  }

  createGroup(group: NewGroup): Promise<Conversation> {
    return this.call('POST', '/api/conversations', group);
  }

  changeConversation(id: ConversationId, change: ChangeConversation): Promise<Conversation> {
    return this.call('PATCH', `/api/conversations/${encodeURIComponent(id)}`, change);
  }

  leave(id: ConversationId): Promise<void> {
    return this.call('DELETE', `/api/conversations/${encodeURIComponent(id)}`);
  }

  putMember(id: ConversationId, username: string, role?: Role): Promise<Conversation> {
    return this.call('PUT', member(id, username), role ? { role } : {});
  }

  removeMember(id: ConversationId, username: string): Promise<Conversation> {
    return this.call('DELETE', member(id, username));
  }

  async blocks(): Promise<Block[]> {
    const items: Block[] = [];
    let next: string | undefined;
    do {
      const page: Page<Block> = await this.get(`/api/blocks${after(next)}`);
      items.push(...page.items);
      next = page.next;
    } while (next);
    return items;
  }

  block(username: string): Promise<Block> {
    return this.call('PUT', `/api/blocks/${encodeURIComponent(username)}`);
  }

  unblock(username: string): Promise<void> {
    return this.call('DELETE', `/api/blocks/${encodeURIComponent(username)}`);
  }

  async messages(id: ConversationId, limit: number, where?: Where, signal?: AbortSignal): Promise<Message[]> {
    return (await this.page<Message>(id, 'messages', limit, where, signal)).items;
  }

  async changes(id: ConversationId, where: Where, limit: number): Promise<ConversationChange[]> {
    return (await this.page<ConversationChange>(id, 'changes', limit, where)).items;
  }

  private page<T>(
    id: ConversationId,
    what: string,
    limit: number,
    where: Where | object = {},
    signal?: AbortSignal,
  ): Promise<Page<T>> {
    const query = new URLSearchParams({ limit: String(limit) });
    for (const [name, seq] of Object.entries(where)) query.set(name, String(seq));
    return this.call(
      'GET',
      `/api/conversations/${encodeURIComponent(id)}/${what}?${query}`,
      undefined,
      signal,
    );
  }

  private get<T>(path: string): Promise<T> {
    return this.call('GET', path);
  }

  /**
   * Parts that are loaded later ask by this for what only they need: each call here is on the way of the
   * first paint.
   */
  call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    return this.authorized((token) => request<T>(method, path, { token, body, signal }));
  }

  /** An access token lives for an hour: an answer that says it is over costs one refresh and one more try. */
  async authorized<T>(ask: (token: string) => Promise<T>): Promise<T> {
    const token = this.auth.token;
    if (!token) throw new Failure(null);
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === 'token_expired') return ask(await this.auth.refresh(token));
      if (error.code === 'session_revoked' || error.code === 'token_invalid') void this.auth.end(error.code);
      throw error;
    }
  }
}

/** The query for the part of a list that follows the one which gave `next`; for the first part, none. */
function after(next?: string): string {
  return next ? `?next=${encodeURIComponent(next)}` : '';
}

function member(id: ConversationId, username: string): string {
  return `/api/conversations/${encodeURIComponent(id)}/members/${encodeURIComponent(username)}`;
}
