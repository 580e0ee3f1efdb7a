use async_trait::async_trait;
use domain::store::{ConversationKey, Deed, ReportRecord, ReportStore, ReportedPlace, StoreError, UserId};
use protocol::{AuditAction, ConversationId, MessageId, ReportId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::lane::NOBODY;
use super::{SqliteStore, audit};

const REPORT: &str = "SELECT number, id, by, username, conversation_id, public_id, message_id, sender_id, reason, context, \
                      created_at, resolved_at, resolved_by, removed_at FROM reports";

fn record(row: &Row<'_>) -> Result<ReportRecord, rusqlite::Error> {
    let time =
        |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis));
    let place = |conversation| {
        Ok::<_, rusqlite::Error>(ReportedPlace {
            conversation: ConversationKey(conversation),
            conversation_id: ConversationId::from_bytes(row.get("public_id")?),
            message: MessageId::from_bytes(row.get("message_id")?),
            sender: UserId(row.get("sender_id")?),
        })
    };
    Ok(ReportRecord {
        number: row.get("number")?,
        id: ReportId::from_bytes(row.get("id")?),
        by: row.get("by")?,
        username: row.get("username")?,
        message: row.get::<_, Option<_>>("conversation_id")?.map(place).transpose()?,
        reason: row.get("reason")?,
        context: row.get("context")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
        resolved_at: time("resolved_at")?,
        resolved_by: row.get("resolved_by")?,
        removed_at: time("removed_at")?,
    })
}

fn find(connection: &Connection, id: ReportId) -> Result<Option<ReportRecord>, rusqlite::Error> {
    let sql = format!("{REPORT} WHERE id = ?");
    connection.prepare_cached(&sql)?.query_row([id.as_bytes()], record).optional()
}

fn add(connection: &Connection, report: &ReportRecord, most: usize) -> Result<bool, rusqlite::Error> {
    let sql = "INSERT INTO reports \
                 (id, by, username, conversation_id, public_id, message_id, sender_id, reason, context, created_at) \
               SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 \
               WHERE (SELECT count(*) FROM reports WHERE by = ?2 AND resolved_at IS NULL) < ?11";
    let place = report.message.as_ref();
    let values = params![
        report.id.as_bytes(),
        report.by,
        report.username,
        place.map(|place| place.conversation.0),
        place.map(|place| place.conversation_id.as_bytes()),
        place.map(|place| place.message.as_bytes()),
        place.map(|place| place.sender.0),
        report.reason,
        report.context,
        report.created_at.as_millis(),
        most
    ];
    Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
}

/// Notes that the message of a report was removed, in the transaction that removes it.
pub(super) fn note_removed(
    connection: &Connection,
    id: ReportId,
    deed: &Deed,
) -> Result<(), rusqlite::Error> {
    let sql = "UPDATE reports SET removed_at = ? WHERE id = ? RETURNING username";
    let values = params![deed.at.as_millis(), id.as_bytes()];
    let username: Option<String> =
        connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    audit::put(connection, deed, AuditAction::MessageRemoved, username.as_deref(), Some(&id.to_string()))
}

fn resolve(
    connection: &Connection,
    id: ReportId,
    resolved: bool,
    deed: &Deed,
) -> Result<Option<ReportRecord>, rusqlite::Error> {
    let Some(report) = find(connection, id)? else { return Ok(None) };
    if report.resolved_at.is_some() == resolved {
        return Ok(Some(report));
    }
    let (resolved_at, resolved_by) = if resolved { (Some(deed.at), deed.by.clone()) } else { (None, None) };
    let sql = "UPDATE reports SET resolved_at = ?, resolved_by = ? WHERE id = ?";
    let values = params![resolved_at.map(Timestamp::as_millis), resolved_by, id.as_bytes()];
    connection.prepare_cached(sql)?.execute(values)?;
    let action = if resolved { AuditAction::ReportResolved } else { AuditAction::ReportReopened };
    audit::put(connection, deed, action, Some(&report.username), Some(&id.to_string()))?;
    Ok(Some(ReportRecord { resolved_at, resolved_by, ..report }))
}

#[async_trait]
impl ReportStore for SqliteStore {
    async fn add_report(&self, report: ReportRecord, most: usize) -> Result<bool, StoreError> {
        self.writer.run(move |connection| add(connection, &report, most)).await
    }

    async fn report(&self, id: ReportId) -> Result<Option<ReportRecord>, StoreError> {
        self.readers.by_key(NOBODY, move |connection| find(connection, id)).await
    }

    async fn reports(&self, below: Option<u64>, limit: usize) -> Result<Vec<ReportRecord>, StoreError> {
        let below = below.and_then(|below| i64::try_from(below).ok()).unwrap_or(i64::MAX);
        let read = move |connection: &Connection| {
            let sql = format!("{REPORT} WHERE number < ? ORDER BY number DESC LIMIT ?");
            connection.prepare_cached(&sql)?.query_map(params![below, limit], record)?.collect()
        };
        self.readers.by_key(NOBODY, read).await
    }

    async fn resolve_report(
        &self,
        id: ReportId,
        resolved: bool,
        deed: Deed,
    ) -> Result<Option<ReportRecord>, StoreError> {
        self.writer.run(move |connection| resolve(connection, id, resolved, &deed)).await
    }

    async fn forget_reports(&self, until: Timestamp) -> Result<(), StoreError> {
        let until = until.as_millis();
        let is_old = move |connection: &Connection| {
            let sql = "SELECT EXISTS (SELECT 1 FROM reports WHERE resolved_at <= ?)";
            connection.prepare_cached(sql)?.query_row([until], |row| row.get(0))
        };
        // Most calls need no commit.
        if !self.readers.by_key(NOBODY, is_old).await? {
            return Ok(());
        }
        let forget = move |connection: &Connection| {
            connection.prepare_cached("DELETE FROM reports WHERE resolved_at <= ?")?.execute([until])?;
            Ok(())
        };
        self.writer.run(forget).await
    }
}
