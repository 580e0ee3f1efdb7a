//! Reactions. Each is a row of `reactions`. For each message and emoji `reaction_counts` has their number,
//! because counting the rows would make a message with many reactions slow to read.

use async_trait::async_trait;
use domain::store::{ConversationKey, Reaction, ReactionStore, StoreError, UserId};
use protocol::MessageId;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::message;

/// Whether a user has reacted to a message with an emoji.
pub(super) fn contains(
    connection: &Connection,
    conversation: ConversationKey,
    message: u64,
    user: UserId,
    emoji: &str,
) -> Result<bool, rusqlite::Error> {
    let sql = "SELECT 1 FROM reactions WHERE conversation_id = ? AND seq = ? AND user_id = ? AND emoji = ?";
    connection.prepare_cached(sql)?.exists(params![conversation.0, message, user.0, emoji])
}

pub(super) fn add(
    connection: &Connection,
    conversation: ConversationKey,
    message: u64,
    reaction: &Reaction,
) -> Result<(), rusqlite::Error> {
    let Reaction { emoji, user, seq } = reaction;
    let sql =
        "INSERT INTO reactions (conversation_id, seq, emoji, entry_seq, user_id) VALUES (?, ?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![conversation.0, message, emoji, seq, user.0])?;
    let sql = "INSERT INTO reaction_counts (conversation_id, seq, emoji, count) VALUES (?, ?, ?, 1) \
               ON CONFLICT DO UPDATE SET count = count + 1";
    connection.prepare_cached(sql)?.execute(params![conversation.0, message, emoji])?;
    Ok(())
}

pub(super) fn remove(
    connection: &Connection,
    conversation: ConversationKey,
    message: u64,
    user: UserId,
    emoji: &str,
) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM reactions WHERE conversation_id = ? AND seq = ? AND user_id = ? AND emoji = ?";
    let removed = connection.prepare_cached(sql)?.execute(params![conversation.0, message, user.0, emoji])?;
    let sql =
        "UPDATE reaction_counts SET count = count - ? WHERE conversation_id = ? AND seq = ? AND emoji = ?";
    connection.prepare_cached(sql)?.execute(params![removed, conversation.0, message, emoji])?;
    let sql =
        "DELETE FROM reaction_counts WHERE conversation_id = ? AND seq = ? AND emoji = ? AND count <= 0";
    connection.prepare_cached(sql)?.execute(params![conversation.0, message, emoji])?;
    Ok(())
}

/// Removes all reactions to a message.
pub(super) fn remove_all(
    connection: &Connection,
    conversation: ConversationKey,
    message: u64,
) -> Result<(), rusqlite::Error> {
    for sql in [
        "DELETE FROM reactions WHERE conversation_id = ? AND seq = ?",
        "DELETE FROM reaction_counts WHERE conversation_id = ? AND seq = ?",
    ] {
        connection.prepare_cached(sql)?.execute(params![conversation.0, message])?;
    }
    Ok(())
}

#[async_trait]
impl ReactionStore for SqliteStore {
    async fn reactions(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        message: MessageId,
        after: Option<(Box<str>, u64)>,
        limit: usize,
    ) -> Result<Option<Vec<Reaction>>, StoreError> {
        let (emoji, seq) = after.unwrap_or_default();
        let read = move |connection: &Connection| {
            let Some(message) = message::seen(connection, reader, conversation, message)? else {
                return Ok(None);
            };
            let sql = "SELECT emoji, user_id, entry_seq FROM reactions \
                       WHERE conversation_id = ? AND seq = ? AND (emoji, entry_seq) > (?, ?) \
                       ORDER BY emoji, entry_seq LIMIT ?";
            let reaction = |row: &Row<'_>| {
                Ok(Reaction { emoji: row.get(0)?, user: UserId(row.get(1)?), seq: row.get(2)? })
            };
            let values = params![conversation.0, message.seq, emoji, seq, limit];
            connection.prepare_cached(sql)?.query_map(values, reaction)?.collect::<Result<_, _>>().map(Some)
        };
        self.readers.run(reader, read).await
    }
}
