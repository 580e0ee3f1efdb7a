use async_trait::async_trait;
use protocol::{OwnMessages, SessionId, Timestamp};

use super::{Avatar, BlobHash, ConversationKey, StoreError, UserId};

/// What became of the wish to close an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It is closed, and its erasure has begun.
    Closed {
        /// Its sessions and API tokens, which ended with it.
        ended: Vec<SessionId>,
        /// The picture that it had.
        avatar: Option<Avatar>,
    },
    /// Nobody else runs the server, and there are others on it.
    LastAdmin,
    /// There is no such account, or it is closed already.
    Unknown,
}

/// A closed account of which something is left to erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Whose account it was.
    pub user: UserId,
    /// What becomes of their messages.
    pub messages: OwnMessages,
    /// Their traces in the logs have been erased up to here.
    pub reached: LogPlace,
}

/// A place in all logs: an entry of a conversation, after all entries of conversations with a lower key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPlace {
    /// The conversation.
    pub conversation: ConversationKey,
    /// The `seq` of the entry.
    pub seq: u64,
}

/// Messages that a closed account has sent or reacted to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// The conversation and the `seq` of each message. One may come twice.
    pub messages: Vec<(ConversationKey, u64)>,
    /// How far the logs were scanned for them.
    pub reached: LogPlace,
    /// Whether that was to their end.
    pub is_complete: bool,
}

/// What was removed in one step of [`ErasureStore::forget_belongings`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The hashes of the bytes of uploads, which may belong to something else, too.
    pub blobs: Vec<BlobHash>,
    /// Whether nothing was left to remove.
    pub is_complete: bool,
}

/// Closing accounts, and erasing what they left. Each operation is bounded, because messages wait for it.
#[async_trait]
pub trait ErasureStore: Send + Sync {
    /// Closes an account for ever: nothing is left of it but its username and when it was registered. Its sessions, API
    /// tokens and codes end; whom it has blocked and its invitations are removed. From its commit on it can neither
    /// begin anything nor be written to. What else it left is to be erased ([`ErasureStore::erasures`]).
    async fn close_account(
        &self,
        user: UserId,
        messages: OwnMessages,
        at: Timestamp,
    ) -> Result<Closing, StoreError>;

    /// The erasures that are under way.
    async fn erasures(&self) -> Result<Vec<Erasure>, StoreError>;

    /// Who is to own a group when `leaving` leaves it: the admin who joined first, or without one the member who did.
    async fn heir(&self, group: ConversationKey, leaving: UserId) -> Result<Option<UserId>, StoreError>;

    /// The next messages whose traces of the account are to be erased, about `limit`. If its messages stay with the
    /// others, only those that no other person can see: in conversations without anybody else, or hidden.
    async fn traces(&self, erasure: Erasure, limit: usize) -> Result<Traces, StoreError>;

    /// Deletes those of these messages that the account has sent, and takes back its reactions to the others. Each is an
    /// entry of the log. Notes that the logs were scanned up to `reached`.
    async fn erase_traces(&self, user: UserId, traces: Traces, at: Timestamp) -> Result<(), StoreError>;

    /// Removes uploads of the account that no message carries, and blocks of the account by others; about `limit` of
    /// each.
    async fn forget_belongings(&self, user: UserId, limit: usize) -> Result<Forgotten, StoreError>;

    /// Removes what was deleted from the files of the store as well: until then its bytes may be found in them. May take
    /// as long as the store is large.
    async fn scrub(&self) -> Result<(), StoreError>;

    /// Notes that nothing is left to erase.
    async fn end_erasure(&self, user: UserId) -> Result<(), StoreError>;
}
