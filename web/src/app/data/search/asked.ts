import type { ConversationId } from '../../protocol/protocol';

/** Which messages somebody looks for. */
export interface Asked {
  readonly query: string;
  /** In one conversation; in all without it. */
  readonly within?: ConversationId;
  /** Of one person, by their username. */
  readonly from?: string;
  /** Sent then or later. */
  readonly after?: Date;
  /** Sent earlier than this. */
  readonly before?: Date;
}
