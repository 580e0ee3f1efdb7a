//! Appending to the log: what is submitted, and what comes of it.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use protocol::{AttachmentId, ConversationId, Message, MessageId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::message::{ClientId, Entry, MessageRecord};
use super::{ConversationKey, GroupEntry, GroupEvent, StoreError, UserId};
use crate::live::SocketKey;

/// Where an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A direct conversation that is there.
    Conversation(ConversationKey),
    /// A group that is there.
    Group(ConversationKey),
    /// The direct conversation of the sender and this user; opened with this id where there is none.
    Direct(UserId, ConversationId),
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new message.
    Message {
        /// Makes a resend harmless.
        client_id: Option<ClientId>,
        /// What it says.
        text: Box<str>,
        /// A message of the same conversation.
        reply_to: Option<MessageId>,
        /// Uploads of the sender.
        attachments: Vec<AttachmentId>,
    },
    /// A new text for a message of the sender.
    Edit {
        /// Which.
        id: MessageId,
        /// The new text.
        text: Box<str>,
    },
    /// A message of the sender goes.
    Delete {
        /// Which.
        id: MessageId,
    },
    /// The sender's reaction to a message comes or goes.
    React {
        /// Which.
        id: MessageId,
        /// With what.
        emoji: Box<str>,
        /// Whether it is there afterwards.
        on: bool,
    },
}

/// An entry to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Where.
    pub target: Target,
    /// Who; a member of the conversation.
    pub sender: UserId,
    /// When.
    pub at: Timestamp,
    /// Fresh randomness for the message's id.
    pub random: u64,
    /// What.
    pub change: Change,
    /// Whom its text names, if it has one; in a group, those who are not members when it is stored are left out.
    pub mentions: Vec<UserId>,
}

/// Goes with an entry from who submits it to who announces it; means nothing to a store.
#[derive(Debug, Default)]
pub struct Origin {
    /// The socket that sent it: its acknowledgement says the same.
    pub socket: Option<SocketKey>,
    /// Its share of the memory that entries on their way may take, given back with it.
    pub room: Option<OwnedSemaphorePermit>,
}

/// An entry that is committed.
#[derive(Debug)]
pub struct Committed {
    /// Where.
    pub conversation: ConversationKey,
    /// What is in the log now.
    pub entry: Entry,
    /// In a group, the members who may see the message, as of this entry; none in a direct conversation and for a change
    /// of the group itself.
    pub roster: Option<Roster>,
    /// How the group changed, if that is what happened.
    pub change: Option<GroupEntry>,
    /// Who submitted it; lost where the entry is read anew.
    pub origin: Origin,
    shown: OnceLock<Arc<Message>>,
}

impl Committed {
    /// An entry about a message.
    pub fn of_message(
        conversation: ConversationKey,
        entry: Entry,
        roster: Option<Roster>,
        origin: Origin,
    ) -> Self {
        Self { conversation, entry, roster, change: None, origin, shown: OnceLock::new() }
    }

    /// An entry about the group itself.
    pub fn of_group(conversation: ConversationKey, entry: Entry, change: GroupEntry) -> Self {
        let (change, origin) = (Some(change), Origin::default());
        Self { conversation, entry, roster: None, change, origin, shown: OnceLock::new() }
    }

    /// The message as clients see it, made by whoever asks first: the acknowledgement and the announcement share it.
    pub(crate) fn shown(&self, render: impl FnOnce(&MessageRecord) -> Message) -> Option<Arc<Message>> {
        let record = self.entry.message.as_ref()?;
        Some(self.shown.get_or_init(|| Arc::new(render(record))).clone())
    }

    /// Whether it changed a group, took nobody out, and is part of what the group was at a later `seq`.
    pub(crate) fn tells_no_more_than(&self, seq: u64) -> bool {
        let has_left =
            |change: &GroupEntry| change.events.iter().any(|event| matches!(event, GroupEvent::Left(_)));
        self.change.as_ref().is_some_and(|change| change.seq <= seq && !has_left(change))
    }

    /// About what it costs to hold, in bytes.
    pub fn weight(&self) -> usize {
        let weight = |message: &MessageRecord| message.weight() + 64 * message.reactions.len();
        512 + self.entry.message.as_ref().map_or(0, weight)
    }
}

/// The members of a group, ascending.
pub type Roster = Arc<[UserId]>;

/// What is in the log now that an entry was submitted.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The entry.
    pub committed: Arc<Committed>,
    /// Whether it had been there before: the sender repeated a `client_id` or a reaction.
    pub duplicate: bool,
}

impl Appended {
    /// The entry.
    pub fn entry(&self) -> &Entry {
        &self.committed.entry
    }
}

/// An entry on its way into the log.
#[must_use = "the entry may not be queued yet"]
pub struct Submitted {
    room: Option<BoxFuture<'static, ()>>,
    outcome: Outcome,
}

enum Outcome {
    Known(Result<Appended, AppendError>),
    Awaited(oneshot::Receiver<Result<Appended, AppendError>>),
}

impl Submitted {
    /// Whose outcome is known at once.
    pub fn known(outcome: Result<Appended, AppendError>) -> Self {
        Self { room: None, outcome: Outcome::Known(outcome) }
    }

    /// Whose outcome comes later. `room` is there where the queue is full: the entry is in it once that is ready.
    pub fn awaited(
        room: Option<BoxFuture<'static, ()>>,
        outcome: oneshot::Receiver<Result<Appended, AppendError>>,
    ) -> Self {
        Self { room, outcome: Outcome::Awaited(outcome) }
    }

    /// Waits until it is in the queue. Dropped before, it is not submitted.
    pub async fn queued(&mut self) {
        if let Some(room) = self.room.take() {
            room.await;
        }
    }

    /// Waits until it is durable, or refused.
    pub async fn stored(mut self) -> Result<Appended, AppendError> {
        self.queued().await;
        match self.outcome {
            Outcome::Known(outcome) => outcome,
            Outcome::Awaited(outcome) => outcome.await.unwrap_or(Err(StoreError::Closed.into())),
        }
    }
}

/// Why an entry was not appended.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The sender used this `client_id` for another message.
    #[error("the clientId was used for another message")]
    ClientIdReused,
    /// `reply_to` is not a message of the conversation.
    #[error("the message answered is not in the conversation")]
    ReplyUnknown,
    /// One of the attachments is not there, or somebody else's.
    #[error("an attachment is not there")]
    AttachmentUnknown,
    /// The message to change is not in the conversation.
    #[error("the message is not in the conversation")]
    MessageUnknown,
    /// The message to change is somebody else's.
    #[error("the message is somebody else's")]
    NotSender,
    /// The message to change is deleted.
    #[error("the message is deleted")]
    MessageDeleted,
    /// The sender is not in the group.
    #[error("the sender is not in the group")]
    NotMember,
    /// The message has too many reactions; see [`protocol::limit::REACTIONS`].
    #[error("the message has too many reactions")]
    ReactionsFull,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
