//! What a store knows of a conversation, and keeps of it, within one transaction.

use std::sync::Arc;

use protocol::{AttachmentId, MessageId, Timestamp};

use super::append::{AppendError, Change, Roster};
use super::message::{Entry, MessageRecord, Position};
use super::{AttachmentRecord, UserId};

/// One conversation, and what else an entry of it depends on. Between the first call and the last nothing of it is
/// changed by others.
pub trait Transaction {
    /// Why it cannot go on; also a refusal.
    type Error: From<AppendError>;

    /// The highest `seq` of the conversation.
    fn head(&mut self) -> Result<u64, Self::Error>;

    /// The members of a group who may see the message of a `seq`, ascending.
    fn roster(&mut self, seq: u64) -> Result<Roster, Self::Error>;

    /// Who of the others in a direct conversation has blocked somebody.
    fn blocker_of(&mut self, user: UserId) -> Result<Option<UserId>, Self::Error>;

    /// A message of the conversation, if a reader may see it.
    fn seen(&mut self, reader: UserId, id: MessageId) -> Result<Option<MessageRecord>, Self::Error>;

    /// These uploads of a user, if all of them are there.
    fn uploads(&mut self, owner: UserId, ids: &[AttachmentId]) -> Result<Option<Uploads>, Self::Error>;

    /// The message, in any conversation, that a sender has given a name.
    fn sent(&mut self, sender: UserId, client_id: &str) -> Result<Option<Sent>, Self::Error>;

    /// Puts a new message at the end, with what it carries; `None` if its sender has used its `client_id`.
    fn insert(&mut self, message: &MessageRecord) -> Result<Option<Position>, Self::Error>;

    /// Puts a change of a message at the end, and the message as it is now in its place.
    fn change(&mut self, changed: &Changed<'_>) -> Result<Position, Self::Error>;
}

/// Files that a message carries.
pub type Uploads = Vec<Arc<AttachmentRecord>>;

/// A message that its sender has given a name.
pub struct Sent {
    /// What was stored.
    pub entry: Entry,
    /// What it said at first, as [`first_body`](super::first_body) gives it, if that has changed.
    pub first_body: Option<[u8; 16]>,
}

/// A change of a message.
pub struct Changed<'a> {
    /// How.
    pub change: &'a Change,
    /// As it is now; its `change_seq` is that of the change.
    pub message: MessageRecord,
    /// Who changed it.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// What it said before, to be kept as what it said at first unless that is known; for edits and deletions of what can
    /// be repeated.
    pub first_body: Option<[u8; 16]>,
    /// What it carried, and does no longer.
    pub dropped: Uploads,
}

/// What is in the log once an entry is appended.
pub struct Logged {
    /// The entry.
    pub entry: Entry,
    /// Of a group: who may see the message.
    pub roster: Option<Roster>,
    /// Whether it had been there before.
    pub duplicate: bool,
}
