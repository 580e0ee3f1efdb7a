use async_trait::async_trait;
use protocol::Cursors;

use super::{ConversationKey, StoreError, UserId};

/// New marks of a member. A mark that is not above the stored one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorMove {
    /// The conversation.
    pub conversation: ConversationKey,
    /// The member.
    pub user: UserId,
    /// The new marks. The store lowers them to the last `seq` of the conversation, and raises delivered to read.
    pub to: Cursors,
}

/// A member's marks after a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The conversation.
    pub conversation: ConversationKey,
    /// The member.
    pub user: UserId,
    /// The stored marks.
    pub cursors: Cursors,
    /// Whether the move changed anything.
    pub changed: bool,
}

/// The delivered and read marks of members.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// Moves marks forward; gives one result for each move, in order. If the user is not a member, the result is zero
    /// marks and `changed` is false.
    async fn move_cursors(&self, moves: Vec<CursorMove>) -> Result<Vec<Moved>, StoreError>;
}
