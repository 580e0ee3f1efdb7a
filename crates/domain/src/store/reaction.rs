use async_trait::async_trait;
use protocol::{MessageId, limit};

use super::{ConversationKey, StoreError, UserId};

/// Somebody's reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// One emoji.
    pub emoji: Box<str>,
    /// Who reacted.
    pub user: UserId,
    /// The `seq` of the entry that added it.
    pub seq: u64,
}

/// What a message shows of its reactions with one emoji.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reacted {
    /// One emoji.
    pub emoji: Box<str>,
    /// How many there are.
    pub count: usize,
    /// Who reacted first, the oldest first; at most [`limit::REACTED_NAMED`].
    pub first: Vec<UserId>,
}

impl Reacted {
    /// Whether one more reaction with an emoji is within [`limit::REACTIONS`].
    pub(super) fn have_room_for(reactions: &[Self], emoji: &str) -> bool {
        let (kinds, each) = limit::REACTIONS;
        let same = reactions.iter().find(|reacted| *reacted.emoji == *emoji);
        same.map_or(reactions.len() < kinds, |reacted| reacted.count < each)
    }

    /// Estimates the memory that it takes, in bytes.
    pub(super) fn weight(&self) -> usize {
        // A name on the wire is about so long.
        self.emoji.len() + 32 * (1 + self.first.len())
    }
}

/// Who reacted to messages.
#[async_trait]
pub trait ReactionStore: Send + Sync {
    /// The reactions to a message, ascending by emoji, and those with one emoji by the `seq` that added them. With
    /// `after`, only those behind this emoji and `seq`. `None` if the reader may not see the message.
    async fn reactions(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        message: MessageId,
        after: Option<(Box<str>, u64)>,
        limit: usize,
    ) -> Result<Option<Vec<Reaction>>, StoreError>;
}
