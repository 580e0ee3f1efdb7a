//! What a message shows of its reactions: the number of each emoji, and who reacted first.

use domain::store::{ConversationKey, Reacted, UserId};
use protocol::limit;
use rusqlite::{Connection, params};

/// The reactions to a message, ascending by emoji.
pub(super) fn of_message(
    connection: &Connection,
    conversation: ConversationKey,
    message: u64,
) -> Result<Vec<Reacted>, rusqlite::Error> {
    let sql = "SELECT emoji, count FROM reaction_counts WHERE conversation_id = ? AND seq = ? ORDER BY emoji";
    let mut counts = connection.prepare_cached(sql)?;
    let sql = "SELECT user_id FROM reactions WHERE conversation_id = ? AND seq = ? AND emoji = ? ORDER BY entry_seq LIMIT ?";
    let mut first = connection.prepare_cached(sql)?;
    let reacted = counts.query_map(params![conversation.0, message], |row| {
        let emoji: Box<str> = row.get(0)?;
        let values = params![conversation.0, message, emoji, limit::REACTED_NAMED];
        let first = first.query_map(values, |row| row.get(0).map(UserId))?.collect::<Result<_, _>>()?;
        Ok(Reacted { emoji, count: row.get(1)?, first })
    })?;
    reacted.collect()
}
