//! Appending to the log: what callers submit, and the outcome that they get.

use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use protocol::{AttachmentId, ConversationId, Message, MessageId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::message::{ClientId, Entry, MessageRecord};
use super::{ConversationKey, GroupEntry, StoreError, UserId};
use crate::live::SocketKey;

/// Where an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A direct conversation that exists.
    Direct(ConversationKey),
    /// A group that exists.
    Group(ConversationKey),
    /// The direct conversation of the sender and this user. If they have none, it is opened with this id.
    DirectWith(UserId, ConversationId),
}

/// What a sender wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new message.
    Message {
        /// The sender's own name for the message. A second message with the same name is not stored.
        client_id: Option<ClientId>,
        /// Empty only if there are attachments.
        text: Box<str>,
        /// The message that this one answers, in the same conversation.
        reply_to: Option<MessageId>,
        /// Uploads of the sender, in the order to show them.
        attachments: Vec<AttachmentId>,
    },
    /// A new text for a message of the sender.
    Edit {
        /// The message to edit.
        id: MessageId,
        /// The new text.
        text: Box<str>,
    },
    /// The deletion of a message of the sender.
    Delete {
        /// The message to delete.
        id: MessageId,
    },
    /// A reaction of the sender to any message that they may see.
    React {
        /// The message to react to.
        id: MessageId,
        /// One emoji.
        emoji: Box<str>,
        /// True adds the reaction, false removes it.
        on: bool,
    },
}

/// An entry to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The conversation that it goes to.
    pub target: Target,
    /// Who submits it; the append fails if they are not in the group.
    pub sender: UserId,
    /// When the server received it.
    pub at: Timestamp,
    /// Fresh randomness for the message's id.
    pub random: u64,
    /// What it does.
    pub action: Action,
    /// Members whom its text mentions. Those who have left the group when it is stored are left out.
    pub mentions: Vec<UserId>,
}

/// Travels with an entry from its submitter to the announcer. A store hands it on and does not look at it.
#[derive(Debug, Default)]
pub struct Origin {
    /// The socket that sent the entry. It is not announced there, because that socket gets the acknowledgement.
    pub socket: Option<SocketKey>,
    /// A permit for the memory that the entry takes, given back when the entry is dropped: after it was announced, or
    /// refused.
    pub permit: Option<OwnedSemaphorePermit>,
    /// Likewise, a permit for its long text among those of its sender.
    pub own_permit: Option<OwnedSemaphorePermit>,
}

/// An entry that is committed.
#[derive(Debug)]
pub struct Committed {
    /// The conversation that it is in.
    pub conversation: ConversationKey,
    /// The entry as it is in the log.
    pub entry: Entry,
    /// In a group, the members who may see the message, as of this entry. `None` in a direct conversation, and for a
    /// change of the group itself.
    pub roster: Option<Roster>,
    /// How the group changed; `None` for an entry about a message.
    pub group_change: Option<GroupEntry>,
    /// Who submitted it. Empty if the entry was read from the table, because it is not stored.
    pub origin: Origin,
    /// See [`Committed::shown`].
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
        Self { conversation, entry, roster, group_change: None, origin, shown: OnceLock::new() }
    }

    /// An entry about the group itself.
    pub fn of_group(conversation: ConversationKey, entry: Entry, change: GroupEntry) -> Self {
        let (group_change, origin) = (Some(change), Origin::default());
        Self { conversation, entry, roster: None, group_change, origin, shown: OnceLock::new() }
    }

    /// The message as clients see it. Rendered once: the acknowledgement and the announcement share it.
    pub(crate) fn shown(&self, render: impl FnOnce(&MessageRecord) -> Message) -> Option<Arc<Message>> {
        let record = self.entry.message.as_ref()?;
        Some(self.shown.get_or_init(|| Arc::new(render(record))).clone())
    }

    /// Whether somebody left a group by it. Then they may see nothing of what comes after it.
    pub(crate) fn has_left(&self) -> bool {
        self.group_change.as_ref().is_some_and(|change| change.left().next().is_some())
    }

    /// Estimates the memory that it takes, in bytes.
    pub fn weight(&self) -> usize {
        512 + self.entry.message.as_ref().map_or(0, MessageRecord::weight)
    }
}

/// The members of a group, ascending.
pub type Roster = Arc<[UserId]>;

/// The outcome of an append that was not refused.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The entry; the earlier one if this is a duplicate.
    pub committed: Arc<Committed>,
    /// Whether nothing was stored, because the sender repeated a `client_id` or a reaction.
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
    /// Puts the entry into the queue of the store, which was full.
    enqueue: Option<BoxFuture<'static, ()>>,
    outcome: Outcome,
}

enum Outcome {
    Known(Result<Appended, AppendError>),
    Awaited(oneshot::Receiver<Result<Appended, AppendError>>),
}

impl Submitted {
    /// An append whose outcome is known at once.
    pub fn known(outcome: Result<Appended, AppendError>) -> Self {
        Self { enqueue: None, outcome: Outcome::Known(outcome) }
    }

    /// An append whose outcome comes later. If the store's queue is full, `enqueue` is a future that puts the
    /// entry into the queue.
    pub fn awaited(
        enqueue: Option<BoxFuture<'static, ()>>,
        outcome: oneshot::Receiver<Result<Appended, AppendError>>,
    ) -> Self {
        Self { enqueue, outcome: Outcome::Awaited(outcome) }
    }

    /// Waits until the entry is in the store's queue. If this is dropped before, the entry is not submitted.
    pub async fn queued(&mut self) {
        if let Some(enqueue) = self.enqueue.take() {
            enqueue.await;
        }
    }

    /// Waits until the entry is durable or refused.
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
    /// One of the attachments does not exist, or somebody else uploaded it.
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
    /// The other person of the direct conversation has deleted their account.
    #[error("the receiver has deleted their account")]
    ReceiverDeleted,
    /// The message has too many reactions; see [`protocol::limit::REACTIONS`].
    #[error("the message has too many reactions")]
    ReactionsFull,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
