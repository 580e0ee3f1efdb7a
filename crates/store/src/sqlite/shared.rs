//! Which messages share something: an index, written with each message.

use async_trait::async_trait;
use domain::store::{
    ConversationKey, MessageRecord, SharedPage, SharedRange, SharedStore, StoreError, UserId, has_link,
    kind_of_file,
};
use protocol::SharedKind;
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::message;

fn column(kind: SharedKind) -> i64 {
    match kind {
        SharedKind::Media => 0,
        SharedKind::Files => 1,
        SharedKind::Links => 2,
    }
}

/// Notes what a message shares.
pub(super) fn put(connection: &Connection, message: &MessageRecord) -> Result<(), rusqlite::Error> {
    let hidden = message.hidden_from.map(|user| user.0);
    message
        .shares()
        .try_for_each(|kind| insert(connection, message.conversation.0, kind, message.seq, hidden))
}

fn insert(
    connection: &Connection,
    conversation: i64,
    kind: SharedKind,
    seq: u64,
    hidden_from: Option<i64>,
) -> Result<(), rusqlite::Error> {
    let sql = "INSERT OR IGNORE INTO shared (conversation_id, kind, seq, hidden_from) VALUES (?, ?, ?, ?)";
    connection.prepare_cached(sql)?.execute(params![conversation, column(kind), seq, hidden_from])?;
    Ok(())
}

/// Forgets what a message shared.
pub(super) fn remove(
    connection: &Connection,
    conversation: ConversationKey,
    seq: u64,
) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM shared WHERE conversation_id = ? AND kind = ? AND seq = ?";
    let mut statement = connection.prepare_cached(sql)?;
    SharedKind::ALL
        .iter()
        .try_for_each(|kind| statement.execute(params![conversation.0, column(*kind), seq]).map(drop))
}

/// Fills the table for messages from before migration 21. Those that were deleted have neither a text nor files.
pub(super) fn fill(connection: &Connection) -> Result<(), rusqlite::Error> {
    let sql = "SELECT conversation_id, seq, hidden_from, text FROM messages WHERE kind = 0 AND text <> ''";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if has_link(row.get_ref("text")?.as_str()?) {
            let (conversation, seq) = (row.get("conversation_id")?, row.get("seq")?);
            insert(connection, conversation, SharedKind::Links, seq, row.get("hidden_from")?)?;
        }
    }
    let sql = "SELECT conversation_id, seq, hidden_from, type, thumbnail_hash IS NOT NULL AS has_thumbnail \
               FROM message_attachments JOIN messages USING (conversation_id, seq) \
               JOIN attachments ON attachments.id = attachment_id";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let kind = kind_of_file(row.get_ref("type")?.as_str()?, row.get("has_thumbnail")?);
        insert(connection, row.get("conversation_id")?, kind, row.get("seq")?, row.get("hidden_from")?)?;
    }
    Ok(())
}

/// Reads the places of a page.
pub(super) const PLACES: &str = "SELECT seq, hidden_from FROM shared \
                                 WHERE conversation_id = ? AND kind = ? AND seq > ? AND seq < ? ORDER BY seq DESC LIMIT ?";

pub(super) fn page(connection: &Connection, range: SharedRange) -> Result<SharedPage, rusqlite::Error> {
    let SharedRange { reader, conversation, kind, before, limit } = range;
    let above = message::visible_after(connection, reader, conversation)?;
    // Within SQLite's integers.
    let before = before.min(u64::MAX >> 1);
    let mut page = SharedPage::default();
    let mut statement = connection.prepare_cached(PLACES)?;
    let values = params![conversation.0, column(kind), above, before, SharedPage::SCAN + 1];
    let place = |row: &Row<'_>| Ok((row.get("seq")?, row.get::<_, Option<i64>>("hidden_from")?.map(UserId)));
    let mut last = before;
    for (scanned, place) in statement.query_map(values, place)?.enumerate() {
        if scanned == SharedPage::SCAN || page.messages.len() == limit {
            page.rest_below = Some(last);
            break;
        }
        let (seq, hidden_from) = place?;
        if hidden_from != Some(reader) {
            page.messages.extend(message::at(connection, conversation, seq)?);
        }
        last = seq;
    }
    Ok(page)
}

#[async_trait]
impl SharedStore for SqliteStore {
    async fn shared(&self, range: SharedRange) -> Result<SharedPage, StoreError> {
        self.readers.run(range.reader, move |connection| page(connection, range)).await
    }
}
