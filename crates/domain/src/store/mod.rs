//! The port to what keeps things: a few operations, the same for every store.
//!
//! Promises of every store, held by the contract suite in `crates/store`:
//! * an operation that succeeded is durable (in memory: as long as the process lives) and seen by every
//!   operation that starts after it;
//! * an operation that failed is not seen by any that starts after it, but promises nothing beyond: where the commit
//!   itself failed, it may turn out to be stored after a crash. It may be tried again;
//! * each operation is atomic.

mod account;
mod api_token;
mod append;
mod appending;
mod attachment;
mod blob;
mod block;
mod conversation;
mod log;
mod message;
mod receipt;
mod search;
mod session;
mod transaction;

use async_trait::async_trait;

pub use account::{
    Account, AccountChange, AccountStore, CodeTry, FoundAccounts, Look, NameSearch, NewAccount, OneTimeCode,
    Seen, Sighting,
};
pub use api_token::{ApiTokenRecord, ApiTokenStore};
pub use append::{Append, AppendError, Appended, Change, Committed, Origin, Roster, Submitted, Target};
pub use appending::{append_to, check_first};
pub use attachment::{AttachmentRecord, AttachmentStore, Picture, StoreAge};
pub use blob::{Blob, BlobHash, BlobStore, NewBlob, ReadSeek};
pub use block::{BlockStore, Blocked};
pub use conversation::{
    Behind, ConversationKey, ConversationRecord, ConversationStore, GroupChange, GroupEntry, GroupEvent,
    MemberRecord, NewGroup, Since,
};
pub use log::{Follower, MessageStore, Range, Read, Upto};
pub use message::{ClientId, Entry, EntryKind, Epoch, MessageRecord, Position, Reaction, first_body};
pub use receipt::{CursorMove, CursorStore, Moved};
pub use search::{Found, Search, SearchStore};
pub use session::{EndedSession, Hash, NewSession, RefreshUse, Rotation, Salt, SessionRecord, SessionStore};
pub use transaction::{Changed, Logged, Sent, Transaction, Uploads};

/// Why the store did not do it. Nothing is promised: mostly nothing was stored, but what failed in its commit may be
/// there after a crash.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, the database is not reached, or the like: the same operation may succeed later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The user has as many reads waiting as may wait.
    #[error("too many reads of the user wait")]
    TooMany,
    /// What is stored is damaged: trying again does not help.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

/// A store, whole.
#[async_trait]
pub trait Store:
    AccountStore
    + SessionStore
    + ApiTokenStore
    + ConversationStore
    + MessageStore
    + CursorStore
    + BlockStore
    + SearchStore
    + AttachmentStore
{
    /// Whether it can take something now; tried for real while it is in doubt.
    async fn check(&self) -> Result<(), StoreError>;

    /// Waits until a part of the store has ended by a fault, which only a new start mends; says which.
    async fn fault(&self) -> &'static str {
        std::future::pending().await
    }

    /// Bytes that are committed and not yet where they stay, if the store has such a log.
    fn log_bytes(&self) -> u64 {
        0
    }

    /// Finishes what was submitted and lets go of the data; whatever comes after fails with
    /// [`StoreError::Closed`].
    async fn close(&self);
}

/// A user within a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);
