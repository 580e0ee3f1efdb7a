use async_trait::async_trait;
use protocol::Cursors;

use super::{ConversationKey, StoreError, UserId};

/// How far a member has come; a cursor that is not further than the stored one changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorMove {
    /// Where.
    pub conversation: ConversationKey,
    /// Who.
    pub user: UserId,
    /// To where; cut at the head of the conversation. What is read is delivered, too.
    pub to: Cursors,
}

/// A member's cursors after a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where.
    pub conversation: ConversationKey,
    /// Who.
    pub user: UserId,
    /// Where they stand now.
    pub cursors: Cursors,
    /// Whether the move changed anything.
    pub changed: bool,
}

/// How far members have come.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// Moves cursors forward; gives one result for each move, in order. A move of who is not a member gives
    /// the zero cursors, unchanged.
    async fn move_cursors(&self, moves: Vec<CursorMove>) -> Result<Vec<Moved>, StoreError>;
}
