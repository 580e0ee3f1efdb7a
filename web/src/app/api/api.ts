import { inject, Service } from '@angular/core';

import { AuthService } from '../auth/auth-service';
import type { Conversation, ConversationId, Hit, Message, Page, User } from '../protocol/protocol';
import { takeEarly } from './early';
import { Failure } from './problem';
import { request } from './request';

/** Which part of a conversation's history. */
export type Where = { beforeSeq: number } | { afterSeq: number } | { aroundSeq: number };

/** The calls of a person who is logged in. */
@Service()
export class Api {
  private readonly auth = inject(AuthService);

  user(username: string): Promise<User> {
    return this.get(`/api/users/${encodeURIComponent(username)}`);
  }

  async conversations(next?: string): Promise<Page<Conversation>> {
    const early = next ? null : await takeEarly()?.catch(() => null);
    return early ?? this.get(`/api/conversations${next ? `?next=${encodeURIComponent(next)}` : ''}`);
  }

  conversation(id: ConversationId): Promise<Conversation> {
    return this.get(`/api/conversations/${encodeURIComponent(id)}`);
  }

  async messages(id: ConversationId, limit: number, where?: Where): Promise<Message[]> {
    const query = new URLSearchParams({ limit: String(limit) });
    for (const [name, seq] of Object.entries(where ?? {})) query.set(name, String(seq));
    return (await this.get<Page<Message>>(`/api/conversations/${encodeURIComponent(id)}/messages?${query}`)).items;
  }

  search(query: string, within: ConversationId | null, next?: string): Promise<Page<Hit>> {
    const parameters = new URLSearchParams({ q: query, ...(within ? { conversationId: within } : {}), ...(next ? { next } : {}) });
    return this.get(`/api/search?${parameters}`);
  }

  /** An access token lives for an hour: an answer that says it is over costs one refresh and one more try. */
  private async get<T>(path: string): Promise<T> {
    const token = this.auth.token;
    try {
      return await request<T>('GET', path, { token });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === 'token_expired') return request<T>('GET', path, { token: await this.auth.refresh(token) });
      if (error.code === 'session_revoked' || error.code === 'token_invalid') this.auth.end('ended');
      throw error;
    }
  }
}
