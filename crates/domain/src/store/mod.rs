//! The port to the store: a few operations, the same for every store.
//!
//! Promises of every store, tested by the contract suite in `crates/store`:
//! * An operation that succeeded is durable (in memory: as long as the process lives). Every operation that starts
//!   after it sees it.
//! * An operation that failed is not seen by any that starts after it, and may be tried again. After a crash it may
//!   turn out to be stored all the same, if it was its commit that failed.
//! * Each operation is atomic.

mod account;
mod admin;
mod api_token;
mod append;
mod appending;
mod attachment;
mod audit;
mod avatar;
mod blob;
mod block;
mod code;
mod conversation;
mod erasure;
mod host_account;
mod invitation;
mod log;
mod message;
mod notice;
mod reaction;
mod receipt;
mod search;
mod session;
mod shared;
mod transaction;

use async_trait::async_trait;

pub use account::{
    Account, AccountChange, AccountStore, FirstCode, FoundAccounts, LastSeen, NameSearch, NewAccount,
    PresenceQuery, PresenceState,
};
pub use admin::{AccountPlace, AdminAccount, AdminChange, AdminChanged, AdminStore, FoundBy};
pub use api_token::{ApiTokenRecord, ApiTokenStore};
pub use append::{Action, Append, AppendError, Appended, Committed, Origin, Roster, Submitted, Target};
pub use appending::{append_to, check_first, erase_from};
pub use attachment::{AttachmentRecord, AttachmentStore, Picture, StoreAge};
pub use audit::{AuditRecord, AuditStore, Deed};
pub use avatar::{Avatar, AvatarStore, GroupAvatar, SetGroupAvatar};
pub use blob::{Blob, BlobHash, BlobStore, NewBlob, ReadSeek};
pub use block::{BlockStore, Blocked};
pub use code::{CodeStore, CodeTry, CodeUse, OneTimeCode, Purpose};
pub use conversation::{
    ConversationKey, ConversationRecord, ConversationStore, GroupChange, GroupEntry, GroupEvent, Lag,
    MemberRecord, Mute, NewGroup, Since, StoredChange,
};
pub use erasure::{Closing, Erasure, ErasureStore, Forgotten, LogPlace, Traces};
pub use host_account::{HostAccount, HostAccountStore, NewHostAccount};
pub use invitation::{
    Accepted, InvitationRecord, InvitationRefusal, InvitationStore, NamedUser, NewInvitation,
};
pub use log::{EntryPage, EntryRange, Follower, MessageStore, ScanEnd};
pub use message::{ClientId, Entry, EntryKind, Epoch, MessageRecord, Position, content_digest};
pub use notice::{NoticeKind, NoticeRequest, NoticeStore, Recipient, WaitingNotice};
pub use reaction::{Reacted, Reaction, ReactionStore};
pub use receipt::{CursorMove, CursorStore, Moved};
pub use search::{Found, Search, SearchStore};
pub use session::{EndedSession, Hash, NewSession, RefreshUse, Rotation, Salt, SessionRecord, SessionStore};
pub use shared::{SharedPage, SharedRange, SharedStore, has_link, kind_of_file};
pub use transaction::{Changed, EarlierMessage, Logged, Transaction, Uploads};

/// Why an operation of the store failed. Nothing was stored; but if its commit failed, it may be stored after a crash.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// For example, the disk is full. The same operation may succeed later.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The user has as many waiting reads as one user may have.
    #[error("too many reads of the user wait")]
    TooMany,
    /// The stored data is damaged: trying again does not help.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

/// A whole store.
#[async_trait]
pub trait Store:
    AccountStore
    + CodeStore
    + NoticeStore
    + AdminStore
    + AuditStore
    + SessionStore
    + ApiTokenStore
    + HostAccountStore
    + ConversationStore
    + InvitationStore
    + MessageStore
    + ReactionStore
    + CursorStore
    + BlockStore
    + SearchStore
    + AttachmentStore
    + AvatarStore
    + SharedStore
    + ErasureStore
{
    /// Fails if the store cannot commit now. While commits fail, this tries one.
    async fn check(&self) -> Result<(), StoreError>;

    /// Waits until a thread of the store has died, and gives its name. Only a restart of the server helps then.
    async fn fault(&self) -> &'static str {
        std::future::pending().await
    }

    /// Bytes in the write-ahead log, if the store has one: committed and not yet in the main file.
    fn wal_bytes(&self) -> u64 {
        0
    }

    /// Finishes the submitted operations and closes the data. Operations after that fail with [`StoreError::Closed`].
    async fn close(&self);
}

/// The number of a user within a store; clients know them by username.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);
