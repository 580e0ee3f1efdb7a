use async_trait::async_trait;
use domain::store::{StatsStore, StoreError, StoredStats};
use rusqlite::{Connection, params};

use super::SqliteStore;
use super::lane::NOBODY;
use super::message::MESSAGE;

/// Each is answered by an index that holds what it asks for, or by a small table.
pub(super) const COUNTS: [&str; 6] = [
    "SELECT count(*) FROM users",
    "SELECT count(*) FROM users WHERE verified = 1",
    "SELECT count(*) FROM users WHERE disabled = 1",
    "SELECT count(*) FROM conversations",
    "SELECT count(*) FROM sessions",
    "SELECT messages FROM counted_messages",
];
pub(super) const FILES: &str = "SELECT count(*), coalesce(sum(weight), 0) FROM attachments";

#[async_trait]
impl StatsStore for SqliteStore {
    async fn stats(&self) -> Result<StoredStats, StoreError> {
        let mut counts = [0; COUNTS.len()];
        for (count, sql) in counts.iter_mut().zip(COUNTS) {
            // Each on its own, so that others have their turn between them.
            let read = |connection: &Connection| {
                connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, u64>(0))
            };
            *count = self.readers.run(NOBODY, read).await?;
        }
        let read = |connection: &Connection| {
            connection.prepare_cached(FILES)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        };
        let (files, file_bytes) = self.readers.run(NOBODY, read).await?;
        let [people, verified, disabled, conversations, sessions, messages] = counts;
        Ok(StoredStats { people, verified, disabled, conversations, messages, files, file_bytes, sessions })
    }

    async fn count_messages(&self, limit: u64) -> Result<bool, StoreError> {
        let upto = self.writer.position().0;
        let count = move |connection: &Connection| {
            let sql = "SELECT position FROM counted_messages";
            let from: u64 = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            let to = upto.min(from.saturating_add(limit));
            let sql = "SELECT count(*) FROM messages WHERE position > ? AND position <= ? AND kind = ?";
            let more: u64 =
                connection.prepare_cached(sql)?.query_row(params![from, to, MESSAGE], |row| row.get(0))?;
            Ok((from, to, more))
        };
        let (from, to, more) = self.readers.run(NOBODY, count).await?;
        if from >= to {
            return Ok(true);
        }
        let note = move |connection: &Connection| {
            // Somebody else may have counted the same meanwhile.
            let sql = "UPDATE counted_messages SET position = ?, messages = messages + ? WHERE position = ?";
            connection.prepare_cached(sql)?.execute(params![to, more, from])?;
            Ok(())
        };
        self.writer.run(note).await?;
        Ok(to == upto)
    }
}
