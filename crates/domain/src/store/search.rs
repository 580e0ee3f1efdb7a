use std::sync::Arc;

use async_trait::async_trait;

use super::{ConversationKey, MessageRecord, Position, StoreError, UserId};
use crate::search::Query;

/// What to look for.
#[derive(Clone, Debug)]
pub struct Search {
    /// Who looks; only what they may see is found.
    pub reader: UserId,
    /// Where; in all of the reader's conversations if not said.
    pub conversation: Option<ConversationKey>,
    /// The words.
    pub query: Arc<Query>,
    /// In messages below this position only.
    pub before: Option<Position>,
    /// At most so many.
    pub limit: usize,
}

/// A part of what there is to find.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The newest first, each with its position.
    pub messages: Vec<(Position, MessageRecord)>,
    /// Where the search was given up, since it had looked at a lot: what is below this position was not looked at.
    pub stopped: Option<Position>,
}

/// Finding messages by their words.
#[async_trait]
pub trait SearchStore: Send + Sync {
    /// Messages that [match](Query::matches): those that are not deleted, in conversations of which the reader is a
    /// member now, and as far as they may see them. A message that was stored or edited a moment ago may be missing.
    /// One search looks at a bounded part of the log, so it may find nothing and yet not have come to the end.
    async fn search(&self, search: Search) -> Result<Found, StoreError>;

    /// Waits until everything stored before can be found, or the store is closed.
    async fn indexed(&self);
}
