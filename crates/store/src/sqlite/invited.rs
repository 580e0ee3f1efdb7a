//! How invitations end when somebody joins, leaves or blocks. Apart from `invitation.rs`, which changes groups and asks for
//! blocks: these end invitations.

use domain::store::{ConversationKey, UserId};
use rusqlite::{Connection, OptionalExtension};

/// Removes the invitation of a user who joins, and that it was declined. Returns whether it waited.
pub(super) fn end(
    connection: &Connection,
    key: ConversationKey,
    user: UserId,
) -> Result<bool, rusqlite::Error> {
    let sql =
        "DELETE FROM invitations WHERE conversation_id = ? AND user_id = ? RETURNING declined_at IS NULL";
    let waited = connection.prepare_cached(sql)?.query_row([key.0, user.0], |row| row.get(0)).optional()?;
    Ok(waited.unwrap_or(false))
}

/// Ends the invitations of somebody who has left the group. Returns whom they had invited.
pub(super) fn end_those_of_former(
    connection: &Connection,
    key: ConversationKey,
    by: UserId,
) -> Result<Vec<UserId>, rusqlite::Error> {
    let sql = "DELETE FROM invitations WHERE conversation_id = ? AND by_id = ? AND declined_at IS NULL \
               RETURNING user_id";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([key.0, by.0], |row| row.get(0).map(UserId))?.collect()
}

/// Ends the invitations that wait for a user and that `by` made.
pub(super) fn end_those_by(connection: &Connection, user: UserId, by: UserId) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM invitations WHERE user_id = ? AND by_id = ? AND declined_at IS NULL";
    connection.prepare_cached(sql)?.execute([user.0, by.0])?;
    Ok(())
}
