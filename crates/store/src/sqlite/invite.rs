use async_trait::async_trait;
use domain::store::{Deed, InviteRecord, InviteStore, StoreError, UserId};
use protocol::{AuditAction, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::lane::NOBODY;
use super::{SqliteStore, audit};

const COLUMNS: &str = "number, code, uses, used, created_by, created_at, expires_at";

fn record(row: &Row<'_>) -> Result<InviteRecord, rusqlite::Error> {
    Ok(InviteRecord {
        number: row.get("number")?,
        code: row.get("code")?,
        uses: row.get("uses")?,
        used: row.get("used")?,
        created_by: row.get("created_by")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        expires_at: row.get::<_, Option<_>>("expires_at")?.map(Timestamp::from_millis),
    })
}

pub(super) fn of_code(connection: &Connection, code: &str) -> Result<Option<InviteRecord>, rusqlite::Error> {
    let sql = format!("SELECT {COLUMNS} FROM invites WHERE code = ?");
    connection.prepare_cached(&sql)?.query_row([code], record).optional()
}

/// Counts a use for an account that has been inserted.
pub(super) fn count_use(connection: &Connection, number: u64, user: UserId) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE invites SET used = used + 1 WHERE number = ?";
    connection.prepare_cached(sql)?.execute([number])?;
    let sql = "UPDATE users SET invite_number = ? WHERE id = ?";
    connection.prepare_cached(sql)?.execute(params![number, user.0])?;
    Ok(())
}

/// Gives back the use of an account that is removed. The invite may be gone.
pub(super) fn give_back(connection: &Connection, number: u64) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE invites SET used = used - 1 WHERE number = ? AND used > 0";
    connection.prepare_cached(sql)?.execute([number])?;
    Ok(())
}

#[async_trait]
impl InviteStore for SqliteStore {
    async fn create_invite(&self, invite: InviteRecord, most: usize, deed: Deed) -> Result<bool, StoreError> {
        let create = move |connection: &Connection| {
            let sql = "INSERT INTO invites (code, uses, created_by, created_at, expires_at) \
                       SELECT ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM invites) < ?";
            let values = params![
                invite.code,
                invite.uses,
                invite.created_by,
                invite.created_at.as_millis(),
                invite.expires_at.map(Timestamp::as_millis),
                most
            ];
            if connection.prepare_cached(sql)?.execute(values)? == 0 {
                return Ok(false);
            }
            let label = InviteRecord::label(&invite.code);
            audit::put(connection, &deed, AuditAction::InviteAdded, None, Some(&label))?;
            Ok(true)
        };
        self.writer.run(create).await
    }

    async fn invite_of_code(&self, code: &str) -> Result<Option<InviteRecord>, StoreError> {
        let code = code.to_owned();
        self.readers.by_key(NOBODY, move |connection| of_code(connection, &code)).await
    }

    async fn invites(&self, below: Option<u64>, limit: usize) -> Result<Vec<InviteRecord>, StoreError> {
        let below = below.and_then(|below| i64::try_from(below).ok()).unwrap_or(i64::MAX);
        let read = move |connection: &Connection| {
            let sql = format!("SELECT {COLUMNS} FROM invites WHERE number < ? ORDER BY number DESC LIMIT ?");
            connection.prepare_cached(&sql)?.query_map(params![below, limit], record)?.collect()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn remove_invite(&self, code: &str, deed: Deed) -> Result<bool, StoreError> {
        let code = code.to_owned();
        let remove = move |connection: &Connection| {
            let sql = "DELETE FROM invites WHERE code = ?";
            if connection.prepare_cached(sql)?.execute([&code])? == 0 {
                return Ok(false);
            }
            let label = InviteRecord::label(&code);
            audit::put(connection, &deed, AuditAction::InviteRemoved, None, Some(&label))?;
            Ok(true)
        };
        self.writer.run(remove).await
    }

    async fn forget_invites(&self, until: Timestamp) -> Result<(), StoreError> {
        const OLD: &str = "expires_at <= ?1 OR used >= uses AND created_at <= ?1";
        let until = until.as_millis();
        let is_old = move |connection: &Connection| {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM invites WHERE {OLD})");
            connection.prepare_cached(&sql)?.query_row([until], |row| row.get(0))
        };
        // Most calls need no commit.
        if !self.readers.by_key(NOBODY, is_old).await? {
            return Ok(());
        }
        let forget = move |connection: &Connection| {
            connection.prepare_cached(&format!("DELETE FROM invites WHERE {OLD}"))?.execute([until])?;
            Ok(())
        };
        self.writer.run(forget).await
    }
}
