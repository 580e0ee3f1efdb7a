use async_trait::async_trait;
use domain::store::{BlockStore, Blocked, StoreError, UserId};
use protocol::Timestamp;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;

#[async_trait]
impl BlockStore for SqliteStore {
    async fn block(&self, user: UserId, other: UserId, at: Timestamp) -> Result<(), StoreError> {
        let block = move |connection: &Connection| {
            let sql = "INSERT OR IGNORE INTO blocks (user_id, blocked_id, created_at) VALUES (?, ?, ?)";
            connection.prepare_cached(sql)?.execute(params![user.0, other.0, at.as_millis()])?;
            Ok(())
        };
        self.writer.run(block).await
    }

    async fn unblock(&self, user: UserId, other: UserId) -> Result<bool, StoreError> {
        let unblock = move |connection: &Connection| {
            let sql = "DELETE FROM blocks WHERE user_id = ? AND blocked_id = ?";
            Ok(connection.prepare_cached(sql)?.execute([user.0, other.0])? > 0)
        };
        self.writer.run(unblock).await
    }

    async fn blocks(&self, user: UserId) -> Result<Vec<Blocked>, StoreError> {
        let read = move |connection: &Connection| {
            let sql = "SELECT blocked_id, username, blocks.created_at FROM blocks JOIN users ON users.id = blocked_id \
                       WHERE user_id = ? ORDER BY blocks.created_at DESC, blocked_id DESC";
            let blocked = |row: &Row<'_>| {
                let at = Timestamp::from_millis(row.get(2)?);
                Ok(Blocked { user: UserId(row.get(0)?), username: row.get(1)?, at })
            };
            connection.prepare_cached(sql)?.query_map([user.0], blocked)?.collect()
        };
        self.readers.run_short(read).await
    }
}
