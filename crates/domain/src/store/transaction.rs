//! The reads and writes of a store that an append needs, within one transaction.

use std::sync::Arc;

use protocol::{AttachmentId, MessageId, Timestamp};

use super::append::{Action, AppendError, Roster};
use super::message::{Entry, MessageRecord, Position};
use super::reaction::Reacted;
use super::{AttachmentRecord, UserId};

/// One conversation within a transaction of the store. Nobody else changes what it reads between the first call and
/// the last.
pub trait Transaction {
    /// A refused append, or a failure of the store.
    type Error: From<AppendError>;

    /// The highest `seq` of the conversation.
    fn head(&mut self) -> Result<u64, Self::Error>;

    /// The members of a group who may see the message with this `seq`, ascending.
    fn roster(&mut self, seq: u64) -> Result<Roster, Self::Error>;

    /// The other person of a direct conversation, if they have blocked `user`.
    fn blocker_of(&mut self, user: UserId) -> Result<Option<UserId>, Self::Error>;

    /// Whether somebody in a direct conversation has deleted their account, and if so, who.
    fn deleted_member(&mut self, sender: UserId) -> Result<Option<UserId>, Self::Error>;

    /// A message of the conversation, if the reader may see it.
    fn seen(&mut self, reader: UserId, id: MessageId) -> Result<Option<MessageRecord>, Self::Error>;

    /// Whether a user is the owner or an admin of the group.
    fn leads(&mut self, user: UserId) -> Result<bool, Self::Error>;

    /// Whether somebody has reacted with an emoji to the message with this `seq`.
    fn has_reacted(&mut self, seq: u64, user: UserId, emoji: &str) -> Result<bool, Self::Error>;

    /// The reactions to the message with this `seq`, ascending by emoji.
    fn reactions(&mut self, seq: u64) -> Result<Vec<Reacted>, Self::Error>;

    /// These uploads of a user; `None` if one of them does not exist or is somebody else's.
    fn uploads(&mut self, owner: UserId, ids: &[AttachmentId]) -> Result<Option<Uploads>, Self::Error>;

    /// The message that the sender gave this `client_id`, in any conversation.
    fn sent(&mut self, sender: UserId, client_id: &str) -> Result<Option<EarlierMessage>, Self::Error>;

    /// Appends a new message with its attachments. `None` if the sender has used its `client_id` before.
    fn insert(&mut self, message: &MessageRecord) -> Result<Option<Position>, Self::Error>;

    /// Appends a change of a message, and replaces the message by its new state.
    fn change(&mut self, changed: &Changed<'_>) -> Result<Position, Self::Error>;
}

/// Files that a message carries.
pub type Uploads = Vec<Arc<AttachmentRecord>>;

/// A message that was stored under a `client_id`.
pub struct EarlierMessage {
    /// The message's own entry, with the message in its present state.
    pub entry: Entry,
    /// The digest of what it said at first ([`content_digest`](super::content_digest)); `None` if it has not changed.
    pub original_digest: Option<[u8; 16]>,
}

/// A change of a message.
pub struct Changed<'a> {
    /// What the sender asked for.
    pub action: &'a Action,
    /// The message in its new state; its `change_seq` is the `seq` of this change. For [`Action::React`] it has the
    /// reactions from before.
    pub message: MessageRecord,
    /// Who changed it.
    pub by: UserId,
    /// When the server received the change.
    pub at: Timestamp,
    /// The digest of what the message said before this change. A store keeps it unless it has an earlier one. Present
    /// for edits and deletions of a message with a `client_id`.
    pub original_digest: Option<[u8; 16]>,
    /// Files that the message no longer carries.
    pub dropped: Uploads,
}

/// The outcome of [`append_to`](super::append_to).
pub struct Logged {
    /// The entry that was appended; the earlier one if this is a duplicate.
    pub entry: Entry,
    /// In a group: the members who may see the message.
    pub roster: Option<Roster>,
    /// Whether nothing was stored, because it repeats an earlier entry.
    pub duplicate: bool,
}
