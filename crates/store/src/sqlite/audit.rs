use async_trait::async_trait;
use domain::store::{AuditRecord, AuditStore, Deed, StoreError};
use protocol::{AuditAction, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::lane::NOBODY;

/// Entries below the first that is kept. Numbers rise with time, so what is removed is always the oldest.
const OLD: &str = "number < coalesce((SELECT min(number) FROM audit \
                     WHERE at > ?1 AND number > (SELECT max(number) FROM audit) - ?2), 9223372036854775807)";

/// Adds an entry, in the transaction of what it says.
pub(super) fn put(
    connection: &Connection,
    deed: &Deed,
    action: AuditAction,
    username: Option<&str>,
    details: Option<&str>,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT INTO audit (at, by, action, username, details) VALUES (?, ?, ?, ?, ?)";
    let values = params![deed.at.as_millis(), deed.by, action.as_str(), username, details];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

fn record(row: &Row<'_>) -> Result<AuditRecord, rusqlite::Error> {
    let word: String = row.get("action")?;
    let action = AuditAction::ALL.iter().find(|action| action.as_str() == word);
    let unknown = || {
        let error = format!("the audit log has an unknown action: {word}");
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
    };
    Ok(AuditRecord {
        number: row.get("number")?,
        deed: Deed { by: row.get("by")?, at: Timestamp::from_millis(row.get("at")?) },
        action: *action.ok_or_else(unknown)?,
        username: row.get("username")?,
        details: row.get("details")?,
    })
}

#[async_trait]
impl AuditStore for SqliteStore {
    async fn audit(&self, below: Option<u64>, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        let below = below.and_then(|below| i64::try_from(below).ok()).unwrap_or(i64::MAX);
        let read = move |connection: &Connection| {
            let sql = "SELECT number, at, by, action, username, details FROM audit \
                       WHERE number < ? ORDER BY number DESC LIMIT ?";
            connection.prepare_cached(sql)?.query_map(params![below, limit], record)?.collect()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn forget_audit(&self, until: Timestamp, most: u64) -> Result<(), StoreError> {
        let values = [until.as_millis(), i64::try_from(most).unwrap_or(i64::MAX)];
        let is_old = move |connection: &Connection| {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM audit WHERE {OLD})");
            connection.prepare_cached(&sql)?.query_row(values, |row| row.get(0))
        };
        // Asked often, and there is nearly always nothing to remove: most calls need no commit.
        if !self.readers.by_key(NOBODY, is_old).await? {
            return Ok(());
        }
        let forget = move |connection: &Connection| {
            connection.prepare_cached(&format!("DELETE FROM audit WHERE {OLD}"))?.execute(values)?;
            Ok(())
        };
        self.writer.run(forget).await
    }
}
