// Generated from crates/protocol by `make generate`. Do not edit.

/** What somebody may do on the server. */
export type AccountRole = 'admin' | 'member';

/** Who may add a person to a group without asking. All others can only invite them. */
export type AddMe = 'everybody' | 'contacts' | 'nobody';

/** Answer of `POST /admin/users`. */
export interface AddedUser {
  /** The password, if it was drawn: to hand over, and never shown again. */
  password?: string;
  /** The account, which needs no code. */
  user: AdminUser;
}

/** A person, as an admin sees them. */
export interface AdminUser {
  /** When the account was registered. */
  createdAt: Timestamp;
  /** The person has deleted their account: only the username is left of them. */
  deleted?: boolean;
  /** Whether the person is shut out. */
  disabled: boolean;
  /** The name to show. */
  displayName: string;
  /** Where codes are sent. */
  email?: string;
  lastSeenAt?: Timestamp;
  /** Where the person's picture is, if they have one: a path below that of the server. */
  pictureUrl?: string;
  /** Whether the person sees to the server, too. */
  role: AccountRole;
  /** Devices that are logged in. */
  sessions: number;
  /** The stable public handle. */
  username: string;
  /** Whether the person has entered a one-time code, or an admin made the account. */
  verified: boolean;
}

/** One of the caller's API tokens. */
export interface ApiToken {
  /** When it was made. */
  createdAt: Timestamp;
  expiresAt?: Timestamp;
  /** For `DELETE /auth/tokens/{id}`. */
  id: SessionId;
  lastUsedAt?: Timestamp;
  /** What it is for. */
  name: string;
  /** The token itself: only in the answer to its making, and never shown again. */
  token?: string;
}

/** A file that was uploaded. */
export interface Attachment {
  /** Whether it moves: a GIF, PNG or WebP of more than one picture. */
  animated?: boolean;
  /** Pixels; images only. */
  height?: number;
  /** The id, which never changes. */
  id: AttachmentId;
  /** Its name, as it was uploaded. */
  name: string;
  /** In bytes. */
  size: number;
  /** Where a small picture of it is, which does not move; images only. */
  thumbnailUrl?: string;
  /** Its media type, which the server checked against the bytes. */
  type: string;
  /** Where the bytes are, for members of a conversation that holds it: a path below that of the server. */
  url: string;
  /** Pixels; images only. */
  width?: number;
}

/** A file that was uploaded (UUIDv7). */
export type AttachmentId = string;

/** A link to a file, for elements of a page that cannot send a token. */
export interface AttachmentLink {
  /** When the key expires. It ends with its session, too. */
  expiresAt: Timestamp;
  /** The path of the file, with a key in it. */
  url: string;
}

/** What was done, as a stable word. */
export type AuditAction = 'user_added' | 'user_disabled' | 'user_enabled' | 'admin_added' | 'admin_removed' | 'user_renamed' | 'user_logged_out' | 'user_reset' | 'user_deleted' | 'invite_added' | 'invite_removed' | 'report_resolved' | 'report_reopened' | 'message_removed';

/** Something that was done to the server or its people. */
export interface AuditEntry {
  /** What was done. */
  action: AuditAction;
  /** When. */
  at: Timestamp;
  /** The username of the admin; left out for what was done on the command line. */
  by?: string;
  /** What else tells one from another, such as the id of a report. Never a text of a message. */
  details?: string;
  /** Higher for what was done later. */
  number: number;
  /** The username of the person to whom it was done, if it was to one. */
  username?: string;
}

/** The `auth` of a Socket.IO handshake. What a client library adds beside these is ignored. */
export interface Auth {
  /** Ask for an acknowledgement of every `message`, and count only that as delivered. */
  acks?: boolean;
  /** From the last `sync:done` or `sync`: send exactly what came after it. */
  cursor?: string;
  /** A label of the device. */
  device?: string;
  /** An access token, an API token or a token of a host application. */
  token?: string;
}

/** What a page must know before anybody has logged in. */
export interface AuthSettings {
  /** Whether an e-mail address is needed to register, because codes are sent there. */
  emailRequired: boolean;
  /** How one-time codes are sent: `fixed`, `log`, `email` or `webhook`. */
  otp: string;
  /** Where else people can log in. */
  providers: Provider[];
  /** Who may register. */
  registration: Registration;
}

/** Somebody whom the caller has blocked: what they send to the caller alone does not arrive. */
export interface Block {
  /** Since when. */
  createdAt: Timestamp;
  /** Username of the blocked person. */
  username: string;
}

/** Body of `PATCH /api/conversations/{id}`: what is left out stays. */
export interface ChangeConversation {
  history?: HistoryAccess;
  /** For the caller alone. */
  muted?: boolean;
  mutedUntil?: Timestamp;
  /** Groups only, by the owner and admins. */
  title?: string;
}

/** Body of `POST /auth/email`. */
export interface ChangeEmail {
  /** The address to have, to which a code is sent. */
  email: string;
  /** The password. */
  password: string;
}

/** Body of `PATCH /api/users/me`: what is left out stays. */
export interface ChangeMe {
  addMe?: AddMe;
  /** 1–64 characters. */
  displayName?: string;
  /** Whether nobody is told when the caller is connected; who hides it does not see that of others. */
  hidePresence?: boolean;
}

/** Body of a change of a message over HTTP, whose path says which. */
export interface ChangeMessage {
  /** The new text. */
  text: string;
}

/** Body of `POST /auth/password`. */
export interface ChangePassword {
  /** 8–256 characters, and not one of those that are used most. */
  newPassword: string;
  /** The password as it is. */
  password: string;
}

/** Body of `PATCH /admin/reports/{id}`. */
export interface ChangeReport {
  /** Whether the admins are done with it. */
  resolved: boolean;
}

/** Body of `PATCH /admin/users/{username}`: what is left out stays. */
export interface ChangeUser {
  /** True shuts the person out: their sessions and API tokens end. False lets them log in again. */
  disabled?: boolean;
  /** 1–64 characters. */
  displayName?: string;
  role?: AccountRole;
}

/** What went wrong, as a stable word. */
export type Code = 'malformed' | 'otp_invalid' | 'cursor_invalid' | 'event_unknown' | 'token_required' | 'token_invalid' | 'token_expired' | 'session_revoked' | 'credentials_invalid' | 'refresh_invalid' | 'not_verified' | 'account_disabled' | 'account_unavailable' | 'registration_closed' | 'invite_invalid' | 'sender_mismatch' | 'forbidden' | 'origin_not_allowed' | 'not_found' | 'namespace_unknown' | 'receiver_unknown' | 'method_not_allowed' | 'owner_leaves' | 'group_full' | 'too_many_tokens' | 'too_many_blocks' | 'too_many_invitations' | 'invitation_declined' | 'last_admin' | 'username_taken' | 'client_id_reused' | 'message_deleted' | 'too_large' | 'quota_exceeded' | 'text_too_long' | 'unsupported_media_type' | 'proxy_not_trusted' | 'invalid' | 'text_empty' | 'reply_unknown' | 'rate_limited' | 'otp_locked' | 'internal' | 'store_damaged' | 'store_unavailable' | 'issuer_unavailable' | 'overloaded';

/** A conversation, as the caller sees it. */
export interface Conversation {
  /** The changes of the group that an event tells of, ascending, as `GET …/changes` gives them. Only in events. */
  changes?: ConversationChange[];
  /** When it began. */
  createdAt: Timestamp;
  /** The highest `seq` taken in it; 0 in an empty one. */
  headSeq: number;
  /** What a new member may read. */
  history: HistoryAccess;
  /** The id, which never changes. */
  id: ConversationId;
  /**
   * Usernames of those who were invited by the request that this answers, or had been before, because their
   * `addMe` does not let the caller add them. Only in the answers to beginning a group and to adding a member.
   */
  invited?: string[];
  /** Two people, or a group. */
  kind: ConversationKind;
  lastMessage?: Message;
  /** How many members it has. */
  memberCount: number;
  /**
   * All members, the caller included; in a group of more than 100 the caller and the first of the others, those
   * who lead before the rest. An event with `changes` has fewer of such a group: the caller, those who lead, and
   * those whom `changes` names.
   */
  members: Member[];
  /** Whether the caller silenced it. */
  muted: boolean;
  mutedUntil?: Timestamp;
  /**
   * Where the picture of a group is, if it has one: a path below that of the server, another one for each
   * picture.
   */
  pictureUrl?: string;
  /** Groups only. */
  title?: string;
  /** Messages of others above the caller's `readSeq` that are not deleted; counted up to 1,000. */
  unread: number;
}

/** How a group itself changed, as its log says. */
export interface ConversationChange {
  /** The username of who did it. */
  by: string;
  history?: HistoryAccess;
  /** Usernames of those who came. */
  joined?: string[];
  /** Usernames of those who left or were taken out. */
  left?: string[];
  /** Whether it has a picture since, another one than before. */
  picture?: boolean;
  /** By username, what somebody may do since. */
  roles?: Record<string, Role>;
  /** Its place in the log; what is at 1 began the group, and says its title alone. */
  seq: number;
  /** When the group changed. */
  timestamp: Timestamp;
  /** What it is called since. */
  title?: string;
}

/** A conversation (UUIDv7). */
export type ConversationId = string;

/** What kind of conversation. */
export type ConversationKind = 'direct' | 'group';

/** A member's two cursors; `readSeq` ≤ `deliveredSeq` ≤ the conversation's `headSeq`. */
export interface Cursors {
  /** Everything up to here has reached one of the member's devices. */
  deliveredSeq: number;
  /** Everything up to here has been read. */
  readSeq: number;
}

/** Body of `DELETE /auth/account`. */
export interface DeleteAccount {
  /** What becomes of the messages that the caller has sent. */
  messages?: OwnMessages;
  /** The caller's password. */
  password: string;
}

/** Payload of `message:delete`. */
export interface DeleteMessage {
  /** The conversation of the message. */
  conversationId: ConversationId;
  /** Which; of the caller, or of a group that the caller leads. */
  id: MessageId;
}

/** Payload of `message:edit`. */
export interface EditMessage {
  /** The conversation of the message. */
  conversationId: ConversationId;
  /** Which; the caller must be its sender. */
  id: MessageId;
  /** The new text. */
  text: string;
}

/** Body of `POST /auth/forgot`: one of the two. */
export interface Forgot {
  /** The e-mail address of their account. */
  email?: string;
  /** Who has forgotten their password. */
  username?: string;
}

/** What a new member may read. */
export type HistoryAccess = 'joined' | 'all';

/** A message that was found. */
export interface Hit {
  /** A part of its text as HTML: what was looked for between `<mark>` and `</mark>`, all else escaped. */
  fragment: string;
  /** The message. */
  message: Message;
}

/** An invitation that waits for the caller. It tells nothing else of the group. */
export interface Invitation {
  /** The username of who invites. */
  by: string;
  /** The name to show for them. */
  byName: string;
  /** The group. */
  conversationId: ConversationId;
  /** Since when it waits. */
  createdAt: Timestamp;
  /** How many members the group has. */
  memberCount: number;
  /** What the group is called. */
  title: string;
}

/** An invitation of the receiver of this event came, or ended: accepted, declined, taken back. */
export interface InvitationChange {
  /** The group. */
  conversationId: ConversationId;
  invitation?: Invitation;
}

/** An invite to the server. Whoever has its code may register. */
export interface Invite {
  /** For `invite` in the body of `POST /auth/register`. */
  code: string;
  /** When it was made. */
  createdAt: Timestamp;
  /** The username of the admin who made it; left out for the command line. */
  createdBy?: string;
  expiresAt?: Timestamp;
  /**
   * Where to register with it: a whole URL if the operator has set `public-url`, else a path below that of the
   * server.
   */
  url: string;
  /** How many have. Who does not verify the account in time is not counted any more. */
  used: number;
  /** How many people may register with it; left out, as many as want to. */
  uses?: number;
}

/** Somebody whom a group has invited, as its owner and admins see it. */
export interface Invitee {
  /** The username of who invites. */
  by: string;
  /** Since when they are asked. */
  createdAt: Timestamp;
  /** The name to show. */
  displayName: string;
  /** Username of the invited person. */
  username: string;
}

/** Answer of `POST /admin/users/{username}/reset` where the code is to be handed over. */
export interface IssuedCode {
  /** After this the code is no longer accepted. */
  expiresAt: Timestamp;
  /** The one-time code, for `POST /auth/reset`. */
  otp: string;
}

/** Answer of `POST /auth/login` and `POST /auth/refresh`. */
export interface LoggedIn {
  /** When the access token expires. */
  expiresAt: Timestamp;
  /** Buys the next pair of tokens, once. */
  refreshToken: string;
  /** The access token: a JWT, for `Authorization: Bearer` and the socket's `auth.token`. */
  token: string;
  /** Who logged in. */
  user: User;
}

/** Body of `POST /auth/login`. */
export interface Login {
  /** A label for the list of sessions, at most 64 characters. */
  device?: string;
  /** The password. */
  password: string;
  /** The handle, in any case. */
  username: string;
}

/** Somebody in a conversation, with their cursors. */
export interface Member {
  /** Everything up to here has reached one of their devices. */
  deliveredSeq: number;
  /** The name to show. */
  displayName: string;
  /** Where the member's picture is, if they have one; as in a user. */
  pictureUrl?: string;
  /** Everything up to here has been read. */
  readSeq: number;
  /** What they may do. */
  role: Role;
  /** Username of the member. */
  username: string;
}

/** A stored message in its present state. */
export interface Message {
  /** Files that it carries. */
  attachments?: Attachment[];
  /** The `seq` of its latest change, once there is one. */
  changeSeq?: number;
  /** The sender's own name for it; the message's `id` where the sender gave none. */
  clientId: string;
  /** Where it is. */
  conversationId: ConversationId;
  deletedAt?: Timestamp;
  editedAt?: Timestamp;
  /** The id, which never changes. */
  id: MessageId;
  /** Usernames of members that its text names with `@`. */
  mentions?: string[];
  /** How many reacted with an emoji, where they are more than `reactions` names. */
  reactionCounts?: Record<string, number>;
  /** Who reacted with which emoji: the first 20 with each, in the order in which they did. */
  reactions?: Record<string, string[]>;
  /** Username of who it is for; in a direct conversation only. */
  receiver?: string;
  replyTo?: MessageId;
  /** Username of who sent it. */
  sender: string;
  /** Its place in the conversation: 1, 2, 3, … shared with every other durable change; never changes. */
  seq: number;
  /** Empty once deleted. */
  text: string;
  /** When the server took it. */
  timestamp: Timestamp;
}

/**
 * A message (UUIDv7). Its last 32 bits are the message's `seq`, so that a message is found by its id
 * within its conversation without an index of its own.
 */
export type MessageId = string;

/** Payload of the client's `receipt`. */
export interface MoveCursors {
  /** The conversation that was read. */
  conversationId: ConversationId;
  /** Everything up to here is on this device. */
  deliveredSeq?: number;
  /** Everything up to here has been read; implies delivered. */
  readSeq?: number;
}

/** Body of `POST /auth/tokens`. */
export interface NewApiToken {
  expiresAt?: Timestamp;
  /** What it is for, to know it by in the list; 1–64 characters. */
  name: string;
}

/** Body of `POST /api/conversations`: a group, with the caller as its owner. */
export interface NewGroup {
  history?: HistoryAccess;
  /** Usernames besides the caller's own, at most 256; others are added afterwards. */
  members?: string[];
  /** 1–100 characters. */
  title: string;
}

/** Body of `POST /admin/invites`. */
export interface NewInvite {
  expiresAt?: Timestamp;
  /** How many people may register with it; left out, as many as want to. */
  uses?: number;
}

/** Body of `POST /api/reports`: of a person, or of a message that the caller may see. */
export interface NewReport {
  /** Whether admins may read the message and up to five around it. Without it they are told only which it is. */
  context?: boolean;
  conversationId?: ConversationId;
  messageId?: MessageId;
  /** What is wrong with it, in the caller's words; up to 1,000 characters. */
  reason?: string;
  /** The person. */
  username?: string;
}

/** Body of `POST /admin/users`. */
export interface NewUser {
  /** The name to show; the username where it is left out. */
  displayName?: string;
  /** Where codes may be sent. */
  email?: string;
  /** 8–256 characters; one is drawn where it is left out. */
  password?: string;
  role?: AccountRole;
  /** The handle to take. */
  username: string;
}

/** The answer of a request that has nothing to say. */
export type Nothing = Record<string, never>;

/** That a one-time code is on its way. */
export interface OtpNotice {
  /** `fixed`, `log`, `email` or `webhook`. */
  channel: string;
  /** After this the code is no longer accepted. */
  expiresAt: Timestamp;
}

/** What becomes of the messages of somebody whose account is deleted. */
export type OwnMessages = 'keep' | 'delete';

/** Whether somebody is connected. */
export interface Presence {
  lastSeen?: Timestamp;
  /** Whether one of their devices is connected. */
  online: boolean;
  /** Username of the watched person. */
  username: string;
}

/** The answer to `presence:watch`: one for each name that was asked for and is known, in the order of the request. */
export type PresenceList = Presence[];

/** An error (RFC 9457), over HTTP as over the socket. */
export interface Problem {
  /** The stable word to branch on. */
  code: Code;
  /** What went wrong this time and what to do. */
  detail: string;
  /** The field at fault. */
  field?: string;
  /** Seconds to wait before trying again. */
  retryAfter?: number;
  /** Whether the same request may succeed later, unchanged. */
  retryable: boolean;
  /** The HTTP status, over the socket too. */
  status: number;
  /** What the code means. */
  title: string;
  /** `urn:aldis:problem:` and the code. */
  type: string;
}

/** A provider with which people can log in. */
export interface Provider {
  /** Names it in paths. */
  id: string;
  /** The name to show. */
  name: string;
}

/** Body of `PUT /api/conversations/{id}/members/{username}`. */
export interface PutMember {
  role?: Role;
}

/** Body of a receipt over HTTP, whose path says where. */
export interface Reached {
  /** Everything up to here has arrived. */
  deliveredSeq?: number;
  /** Everything up to here has been read; implies delivered. */
  readSeq?: number;
}

/** Payload of `message:react`. */
export interface ReactToMessage {
  /** The conversation of the message. */
  conversationId: ConversationId;
  /** One emoji. */
  emoji: string;
  /** The message. */
  id: MessageId;
  /** Whether the caller's reaction with it is there afterwards. */
  on: boolean;
}

/** A member's cursors moved. Coalesced: only the latest state is told. */
export interface Receipt {
  /** The conversation that was read. */
  conversationId: ConversationId;
  /** See [`Cursors`]. */
  deliveredSeq: number;
  /** See [`Cursors`]. */
  readSeq: number;
  /** Username of the member whose marks moved. */
  username: string;
}

/** Body of `POST /auth/refresh`. */
export interface Refresh {
  /** The refresh token of the last login or refresh. */
  refreshToken: string;
}

/** Body of `POST /auth/register`. */
export interface Register {
  /** The name to show; the username where it is left out. */
  displayName?: string;
  /** Where a code may be sent. */
  email?: string;
  /** The code of an invite, where only who has one may register. */
  invite?: string;
  /** 8–256 characters. */
  password: string;
  /** The handle to take. */
  username: string;
}

/** Answer of `POST /auth/register`. */
export interface Registered {
  /** How the code was sent. */
  otp: OtpNotice;
  /** The new account, not verified yet. */
  user: User;
}

/** Who may register. */
export type Registration = 'open' | 'invite' | 'closed';

/** Payload of `auth:renew`. */
export interface RenewAuth {
  /** A new token of the same person, from the host application. */
  token: string;
}

/** Answer to `auth:renew`. */
export interface RenewedAuth {
  /** When the token expires; the socket lives a minute longer. */
  expiresAt: Timestamp;
}

/** A report, as admins see it. */
export interface Report {
  /** Who reports. */
  by: string;
  /** The message and those around it as they were, ascending by time, if who reports showed them. */
  context?: ReportedMessage[];
  conversationId?: ConversationId;
  /** When it was made. */
  createdAt: Timestamp;
  /** For `PATCH /admin/reports/{id}`. */
  id: ReportId;
  messageId?: MessageId;
  /** What is wrong with it, in the words of who reports. */
  reason?: string;
  removedAt?: Timestamp;
  resolvedAt?: Timestamp;
  /** The username of that admin. */
  resolvedBy?: string;
  /** Whom: the sender of the message, if it is about one. */
  username: string;
}

/** What somebody told the admins (UUIDv7). */
export type ReportId = string;

/** A message as it was when it was reported. */
export interface ReportedMessage {
  /** How many files it carried. */
  attachments: number;
  /** Which one. */
  id: MessageId;
  /** Username of the sender. */
  sender: string;
  /** Up to 4,000 bytes of its text. */
  text: string;
  /** When the server received it. */
  timestamp: Timestamp;
}

/** Body of `POST /auth/resend`. */
export interface Resend {
  /** Who wants a new code. */
  username: string;
}

/** Body of `POST /auth/reset`. */
export interface Reset {
  /** 8–256 characters, and not one of those that are used most. */
  newPassword: string;
  /** The one-time code. */
  otp: string;
  /** Who sets a new password. */
  username: string;
}

/** What a member may do, from most to least. */
export type Role = 'owner' | 'admin' | 'member';

/**
 * Payload of `message`: to a person or to a conversation.
 *
 * The first demo's client spelled its three fields with capitals; both spellings are taken.
 */
export interface SendMessage {
  /** Files that the caller uploaded, at most 10. */
  attachments?: AttachmentId[];
  /** Makes a resend harmless: 1–64 characters, unique for this sender; a UUIDv7 is best. */
  clientId?: string;
  conversationId?: ConversationId;
  /** A username; opens the direct conversation with them where there is none. */
  receiver?: string;
  replyTo?: MessageId;
  /** May be left out; if there, it must be the caller. */
  sender?: string;
  /** What to say; with attachments, nothing need be said. */
  text?: string;
}

/** How much there is on the server; counted at most once a minute. */
export interface ServerStats {
  /** When the rest was counted. */
  at: Timestamp;
  /** Direct conversations and groups. */
  conversations: number;
  /** Of these, those that are shut out. */
  disabled: number;
  /** What the files take of their owners' quotas, in bytes. */
  fileBytes: number;
  /** Files that were uploaded. */
  files: number;
  /** Messages, deleted ones included. While an older database is counted for the first time they are fewer. */
  messages: number;
  /** Accounts, verified or not. */
  people: number;
  /** Devices that are logged in. */
  sessions: number;
  /** Sockets that are connected to this server now. */
  sockets: number;
  /** Of these, those whose owner has entered a code. */
  verified: number;
}

/** One of the caller's sessions. */
export interface Session {
  /** When the device logged in. */
  createdAt: Timestamp;
  /** Whether this is the session that asks. */
  current: boolean;
  /** The label given at login. */
  device?: string;
  /** For `DELETE /auth/sessions/{id}`. */
  id: SessionId;
  /** When it last logged in or refreshed its token. */
  lastSeenAt: Timestamp;
}

/** A session (UUIDv7): one logged-in device, or an API token. */
export type SessionId = string;

/** Payload of the client's `typing`: in a conversation, or to a person. */
export interface SetTyping {
  conversationId?: ConversationId;
  /** Instead of `conversationId`: the other of a direct conversation. */
  receiver?: string;
  /** Whether the caller types now. */
  typing: boolean;
}

/** A kind of what a message shares besides its words. A message may share several. */
export type SharedKind = 'media' | 'files' | 'links';

/** Payload of `sync`. */
export interface Sync {
  /** Where to go on from; left out, what this socket has not been sent yet. */
  cursor?: string;
  /** At most so many events; 1–1,000, default 200. */
  limit?: number;
}

/** An event as the socket would have sent it. */
export type SyncEvent = { data: Message; event: 'message' } | { data: Message; event: 'message:updated' } | { data: Conversation; event: 'conversation' };

/** Answer to a `sync` over HTTP: the events that a socket would have been sent, and then its answer. */
export interface SyncPage {
  /** Opaque; stands for everything up to the last of the events. */
  cursor: string;
  /** In their order. */
  events: SyncEvent[];
  /** Whether another request with this cursor would bring more. */
  more: boolean;
}

/** Answer to `sync`, after the page's events were emitted; without `more`, the payload of `sync:done`. */
export interface Synced {
  /** Opaque; stands for everything emitted so far. */
  cursor: string;
  /** Whether another `sync` with this cursor would bring more. */
  more?: boolean;
}

/** An instant, in milliseconds since 1970-01-01T00:00:00Z; RFC 3339 in UTC on the wire. */
export type Timestamp = string;

/** Somebody began or stopped typing; to be forgotten after 5 seconds without another. */
export interface Typing {
  /** The conversation in which they type. */
  conversationId: ConversationId;
  /** Whether they type now. */
  typing: boolean;
  /** Username of who types. */
  username: string;
}

/** A person, as others see them. */
export interface User {
  addMe?: AddMe;
  /** When the account was registered. */
  createdAt: Timestamp;
  /** The person has deleted their account: only the username is left of them. */
  deleted?: boolean;
  /** The name to show; the person may change it. */
  displayName: string;
  /** Only in the caller's own user. */
  email?: string;
  /** Whether nobody is told when the person is connected; only in the caller's own user. */
  hidePresence?: boolean;
  /**
   * Where the person's picture is, if they have one: a path below that of the server, another one for each
   * picture.
   */
  pictureUrl?: string;
  role?: AccountRole;
  /** The stable public handle: 2–32 of `a-z A-Z 0-9 . _ -`, compared without case, never changed. */
  username: string;
}

/** Answer of `POST /auth/verify`. */
export interface Verified {
  /** The account, now verified. */
  user: User;
}

/** Body of `POST /auth/verify`. */
export interface Verify {
  /** The one-time code. */
  otp: string;
  /** Who verifies. */
  username: string;
}

/** Body of `POST /auth/email/verify`. */
export interface VerifyEmail {
  /** The one-time code. */
  otp: string;
}

/** Payload of `presence:watch`: from now on the `presence` of these people is told, and of nobody else. */
export interface WatchPresence {
  /** At most 1,000. People with whom the caller has no conversation, and who hide it, count as away. */
  usernames: string[];
}

/** What the callback of a request is called with. */
export type Reply<T> = { status: 'ok'; data: T } | { status: 'error'; error: Problem };

/** A page of a list; `next` asks for the page after it. */
export interface Page<T> {
  items: T[];
  next?: string;
}

export interface ServerToClientEvents {
  /** A new message. */
  'message': (payload: Message, received?: () => void) => void;
  /** A message was edited, deleted or reacted to. */
  'message:updated': (payload: Message) => void;
  /** A member's cursors moved. */
  'receipt': (payload: Receipt) => void;
  /** A conversation is new or changed, as the receiver of this event sees it. */
  'conversation': (payload: Conversation) => void;
  /** An invitation to a group came or ended. */
  'invitation': (payload: InvitationChange) => void;
  /** A member began or stopped typing. */
  'typing': (payload: Typing) => void;
  /** Somebody who is watched came or went. */
  'presence': (payload: Presence) => void;
  /** What waited at connecting has been sent. */
  'sync:done': (payload: Synced) => void;
  /** A request sent without a callback failed. */
  'request:error': (payload: Problem) => void;
}

export interface ClientToServerEvents {
  /** Sends a message; answered once it is stored durably. */
  'message': (payload: SendMessage, reply: (reply: Reply<Message>) => void) => void;
  /** Changes the text of a message of one's own. */
  'message:edit': (payload: EditMessage, reply: (reply: Reply<Message>) => void) => void;
  /** Deletes a message of one's own, or of a group that one leads, for everyone. */
  'message:delete': (payload: DeleteMessage, reply: (reply: Reply<Message>) => void) => void;
  /** Reacts to a message with an emoji, or takes that back. */
  'message:react': (payload: ReactToMessage, reply: (reply: Reply<Message>) => void) => void;
  /** Moves one's own cursors forward. */
  'receipt': (payload: MoveCursors, reply: (reply: Reply<Cursors>) => void) => void;
  /** Asks for what this client lacks; the events come before the answer. */
  'sync': (payload: Sync, reply: (reply: Reply<Synced>) => void) => void;
  /** Says that the caller types, or has stopped. */
  'typing': (payload: SetTyping, reply: (reply: Reply<Nothing>) => void) => void;
  /** Prolongs a socket that was opened with a token of a host application, by a newer one. */
  'auth:renew': (payload: RenewAuth, reply: (reply: Reply<RenewedAuth>) => void) => void;
  /** Asks for the presence of people, now and from now on. */
  'presence:watch': (payload: WatchPresence, reply: (reply: Reply<PresenceList>) => void) => void;
}

/** Letters that stand for others where case and diacritics do not matter. */
export const FOLDED: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  ð: 'd',
  ø: 'o',
  þ: 'th',
  đ: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŋ: 'n',
  œ: 'oe',
  ŧ: 't',
  ς: 'σ',
  ة: 'ه',
  ى: 'ي',
  ٱ: 'ا',
  ک: 'ك',
  ی: 'ي',
};
