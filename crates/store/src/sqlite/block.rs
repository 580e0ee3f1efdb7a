use async_trait::async_trait;
use domain::store::{BlockStore, Blocked, StoreError, UserId};
use protocol::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::conversation::find_direct;
use super::invited;
use super::writer::Writing;

/// When `user` blocked `other`; `None` if they have not.
pub(super) fn since(
    connection: &Connection,
    user: UserId,
    other: UserId,
) -> Result<Option<Timestamp>, rusqlite::Error> {
    let sql = "SELECT created_at FROM blocks WHERE user_id = ? AND blocked_id = ?";
    let at = |row: &Row<'_>| row.get(0).map(Timestamp::from_millis);
    connection.prepare_cached(sql)?.query_row([user.0, other.0], at).optional()
}

/// Drops the writer's cached answer to "has `user` blocked `other`?", which is about to change.
fn forget(writing: &mut Writing<'_>, user: UserId, other: UserId) -> Result<(), rusqlite::Error> {
    if let Some(key) = find_direct(writing.connection, user, other)? {
        writing.heads.forget_other(key, other);
    }
    Ok(())
}

/// A page of the people whom a user has blocked, the latest first. The order is that of an index, so nothing is sorted.
pub(super) const PAGE: &str = "SELECT blocked_id, username, blocks.created_at FROM blocks CROSS JOIN users ON users.id = blocked_id \
     WHERE user_id = ? AND (blocks.created_at, blocked_id) < (?, ?) \
     ORDER BY blocks.created_at DESC, blocked_id DESC LIMIT ?";

#[async_trait]
impl BlockStore for SqliteStore {
    async fn block(
        &self,
        user: UserId,
        other: UserId,
        at: Timestamp,
        most: usize,
    ) -> Result<Option<Timestamp>, StoreError> {
        let block = move |writing: &mut Writing<'_>| {
            let connection = writing.connection;
            if let Some(since) = since(connection, user, other)? {
                return Ok(Some(since));
            }
            let sql = "INSERT INTO blocks (user_id, blocked_id, created_at) SELECT ?1, ?2, ?3 \
                       WHERE (SELECT count(*) FROM blocks WHERE user_id = ?1) < ?4";
            let values = params![user.0, other.0, at.as_millis(), most];
            forget(writing, user, other)?;
            invited::end_those_by(connection, user, other)?;
            Ok((connection.prepare_cached(sql)?.execute(values)? > 0).then_some(at))
        };
        self.writer.run_with_heads(block).await
    }

    async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError> {
        let unblock = move |writing: &mut Writing<'_>| {
            forget(writing, user, other)?;
            let sql = "DELETE FROM blocks WHERE user_id = ? AND blocked_id = ?";
            Ok(writing.connection.prepare_cached(sql)?.execute([user.0, other.0])? > 0)
        };
        self.writer.run_with_heads(unblock).await
    }

    async fn blocked_since(&self, user: UserId, other: UserId) -> Result<Option<Timestamp>, StoreError> {
        self.readers.by_key(user, move |connection| since(connection, user, other)).await
    }

    async fn blocks(
        &self,
        user: UserId,
        before: Option<(Timestamp, UserId)>,
        limit: usize,
    ) -> Result<Vec<Blocked>, StoreError> {
        let (at, other) = before.map_or((i64::MAX, i64::MAX), |(at, other)| (at.as_millis(), other.0));
        let read = move |connection: &Connection| {
            let blocked = |row: &Row<'_>| {
                let at = Timestamp::from_millis(row.get(2)?);
                Ok(Blocked { user: UserId(row.get(0)?), username: row.get(1)?, at })
            };
            let values = params![user.0, at, other, limit];
            connection.prepare_cached(PAGE)?.query_map(values, blocked)?.collect()
        };
        self.readers.run(user, read).await
    }
}
