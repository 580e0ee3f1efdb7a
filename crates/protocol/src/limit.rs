//! Limits that belong to the protocol itself; those an operator may change are settings of the server.

use std::ops::RangeInclusive;

/// Characters of a username.
pub const USERNAME: RangeInclusive<usize> = 2..=32;
/// Characters of a password.
pub const PASSWORD: RangeInclusive<usize> = 8..=256;
/// Characters of a display name.
pub const DISPLAY_NAME: RangeInclusive<usize> = 1..=64;
/// Bytes of a device's label; longer ones are cut.
pub const DEVICE: usize = 64;
/// Characters of the name of an API token.
pub const API_TOKEN_NAME: RangeInclusive<usize> = 1..=64;
/// API tokens of an account.
pub const API_TOKENS: usize = 50;
/// Sessions of an account: past it the one that was unused for longest ends.
pub const SESSIONS: usize = 100;
/// Bytes of an e-mail address (RFC 5321, 4.5.3.1.3).
pub const EMAIL: usize = 254;
/// Bytes of a `clientId`.
pub const CLIENT_ID: RangeInclusive<usize> = 1..=64;
/// Characters of a group's title.
pub const TITLE: RangeInclusive<usize> = 1..=100;
/// Members of a group.
pub const MEMBERS: usize = 10_000;
/// People with whom a group begins, besides its owner.
pub const MEMBERS_AT_ONCE: usize = 256;
/// Members that a conversation shows; past it, they are listed in pages.
pub const MEMBERS_SHOWN: usize = 100;
/// Members in a page of their list.
pub const MEMBERS_PAGE: usize = 200;
/// Bytes of an emoji in a reaction.
pub const EMOJI: RangeInclusive<usize> = 1..=64;
/// Different emoji on a message, and reactions with each of them.
pub const REACTIONS: (usize, usize) = (20, 1000);
/// Usernames with each emoji that a message names; past it, it says how many there are.
pub const REACTED_NAMED: usize = 20;
/// Reactions in a page of their list.
pub const REACTIONS_PAGE: usize = 200;
/// Members that a message mentions; who is named behind them is not looked for.
pub const MENTIONS: usize = 50;
/// Attachments of a message.
pub const ATTACHMENTS: usize = 10;
/// Uploads of a user at the same time.
pub const UPLOADS: usize = 4;
/// Bytes of a file's name.
pub const FILE_NAME: RangeInclusive<usize> = 1..=255;
/// Bytes of a picture of a person or group.
pub const PICTURE: u64 = 5 << 20;
/// Pictures of themselves and of groups that a user uploads in an hour.
pub const PICTURES_PER_HOUR: u32 = 10;
/// People whom an account has blocked.
pub const BLOCKS: usize = 1_000;
/// Blocks in a page of their list.
pub const BLOCKS_PAGE: usize = 200;
/// Invitations that wait for a person.
pub const INVITATIONS_OF_PERSON: usize = 100;
/// Of these, invitations from one inviter.
pub const INVITATIONS_OF_INVITER: usize = 10;
/// Invitations of a group that wait.
pub const INVITATIONS_OF_GROUP: usize = 1_000;
/// Invitations of one inviter that a person declines before the inviter has to wait.
pub const DECLINED: usize = 3;
/// Invitations in a page of their list.
pub const INVITATIONS_PAGE: usize = 200;
/// People in a page of the list that admins see.
pub const USERS_PAGE: usize = 50;
/// Entries in a page of the audit log.
pub const AUDIT_PAGE: usize = 100;
/// People whose presence a socket watches.
pub const WATCHED: usize = 1000;
/// Messages in a page of history.
pub const PAGE: RangeInclusive<u32> = 1..=200;
/// Messages in a page of history where the caller names no number.
pub const PAGE_DEFAULT: u32 = 50;
/// Characters of what is searched for.
pub const QUERY: RangeInclusive<usize> = 1..=200;
/// Messages in a page of what was found.
pub const FOUND: usize = 20;
/// Events in a page of `sync`.
pub const SYNC_PAGE: RangeInclusive<u32> = 1..=1000;
/// Events in a page of `sync` where the caller names no number.
pub const SYNC_PAGE_DEFAULT: u32 = 200;
/// Unread messages are counted up to here.
pub const UNREAD: u64 = 1000;
