//! How invitations end when somebody joins, leaves or blocks. Apart from `invitation.rs`, which changes groups and asks for
//! blocks: these end invitations.

use domain::store::{ConversationKey, UserId};
use rusqlite::Connection;

/// Removes the invitation of a user who joins, and that it was declined.
pub(super) fn end(
    connection: &Connection,
    key: ConversationKey,
    user: UserId,
) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM invitations WHERE conversation_id = ? AND user_id = ?";
    connection.prepare_cached(sql)?.execute([key.0, user.0])?;
    Ok(())
}

/// Ends the invitations of somebody who has left the group.
pub(super) fn end_those_of_former(
    connection: &Connection,
    key: ConversationKey,
    by: UserId,
) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM invitations WHERE conversation_id = ? AND by_id = ? AND declined_at IS NULL";
    connection.prepare_cached(sql)?.execute([key.0, by.0])?;
    Ok(())
}

/// Ends the invitations that wait for a user and that `by` made.
pub(super) fn end_those_by(connection: &Connection, user: UserId, by: UserId) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM invitations WHERE user_id = ? AND by_id = ? AND declined_at IS NULL";
    connection.prepare_cached(sql)?.execute([user.0, by.0])?;
    Ok(())
}
