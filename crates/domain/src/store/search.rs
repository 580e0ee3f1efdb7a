use std::sync::Arc;

use async_trait::async_trait;
use protocol::Timestamp;

use super::{ConversationKey, MessageRecord, Position, StoreError, UserId};
use crate::search::Query;

/// A search for messages.
#[derive(Clone, Debug)]
pub struct Search {
    /// The user who searches; only messages that they may see are found.
    pub reader: UserId,
    /// Search in this conversation only; `None` searches all of the reader's conversations.
    pub conversation: Option<ConversationKey>,
    /// The words to find.
    pub query: Arc<Query>,
    /// Only what this user sent.
    pub sender: Option<UserId>,
    /// Only what was sent then or later.
    pub since: Option<Timestamp>,
    /// Only what was sent earlier than this.
    pub until: Option<Timestamp>,
    /// Only messages below this position.
    pub before: Option<Position>,
    /// At most so many messages.
    pub limit: usize,
}

impl Search {
    /// Whether a message as it is now is one of those that are looked for. Whether the reader may see it is for the store
    /// to say.
    pub fn finds(&self, message: &MessageRecord) -> bool {
        self.sender.is_none_or(|sender| sender == message.sender)
            && self.since.is_none_or(|since| since <= message.timestamp)
            && self.until.is_none_or(|until| message.timestamp < until)
            && self.query.matches(&message.text)
    }
}

/// Some of the messages that a [`Search`] finds.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The messages with their positions, the newest first.
    pub messages: Vec<(Position, MessageRecord)>,
    /// Where the search stopped because it had scanned as much as one search may; what is below was not scanned.
    pub stopped: Option<Position>,
}

/// Finding messages by their words.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// Messages that the search [finds](Search::finds) and that the reader may see, in conversations of which they are a member
    /// now. Deleted messages are not found, and a message that was stored or edited a moment ago may be missing. One
    /// search scans a bounded part of the log, so it may find nothing although there is more below.
    async fn search(&self, search: Search) -> Result<Found, StoreError>;

    /// Waits until everything stored so far can be found, or the store is closed.
    async fn indexed(&self);
}
