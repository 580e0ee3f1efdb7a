//! Reading the log, and following it.

use std::sync::Arc;

use async_trait::async_trait;
use domain::store::{
    Append, Committed, ConversationKey, Entry, EntryKind, EntryPage, EntryRange, Epoch, Follower,
    MessageRecord, MessageStore, Origin, Position, ScanEnd, StoreError, Submitted, UserId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::oneshot;

use super::SqliteStore;
use super::append::AppendJob;
use super::lane::NOBODY;
use super::message::{COLUMNS, CONVERSATION, DELETE, EDIT, MESSAGE, REACTION, at, message, seen_by};
use super::view::GROUP;
use super::{group, history};
use crate::tail::TailFollower;

fn entry(
    connection: &Connection,
    conversation: ConversationKey,
    row: &Row<'_>,
) -> Result<Entry, rusqlite::Error> {
    let (seq, position) = (row.get(0)?, Position(row.get(1)?));
    let kind = match row.get(2)? {
        EDIT | DELETE | REACTION => EntryKind::MessageChange,
        CONVERSATION => EntryKind::GroupChange,
        _ => EntryKind::Message,
    };
    let message = match kind {
        EntryKind::Message => Some(message(connection, conversation, row)?),
        EntryKind::GroupChange => None,
        EntryKind::MessageChange => {
            let of = row.get(3)?;
            Some(at(connection, conversation, of)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?)
        }
    };
    Ok(Entry { seq, position, kind, message })
}

/// How far one read of a range scans: at most `span` entries above `range.after_seq`, and none above `upto`.
fn scanned(
    connection: &Connection,
    range: &EntryRange,
    span: u64,
    upto: Position,
) -> Result<ScanEnd, rusqlite::Error> {
    let end = range.after_seq.saturating_add(span);
    let [above, below] = [range.after_seq, end].map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let sql = "SELECT seq, position FROM messages WHERE conversation_id = ? AND seq > ? AND seq <= ? AND position <= ? \
               ORDER BY seq DESC LIMIT 1";
    let last = |row: &Row<'_>| Ok((row.get(0)?, Position(row.get(1)?)));
    let mut statement = connection.prepare_cached(sql)?;
    let last = statement.query_row(params![range.conversation.0, above, below, upto.0], last).optional()?;
    Ok(match last {
        Some((seq, position)) => ScanEnd { seq, position, is_complete: seq < end },
        None => ScanEnd { seq: range.after_seq, position: upto, is_complete: true },
    })
}

fn entries(
    connection: &Connection,
    range: &EntryRange,
    span: u64,
    upto: Position,
) -> Result<EntryPage, rusqlite::Error> {
    let scan_end = scanned(connection, range, span, upto)?;
    let (key, reader) = (range.conversation.0, range.reader.0);
    // The third column is the `seq` of the last change of the group itself, or 0 if that change is above `upto`.
    let sql = "SELECT visible_after, joined_after, coalesce((SELECT seq FROM messages \
                 WHERE conversation_id = ?1 AND seq = changed_seq AND position <= ?3), 0) \
               FROM members JOIN conversations ON conversations.id = conversation_id \
               WHERE conversation_id = ?1 AND user_id = ?2 AND gone = 0";
    let member = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let mut statement = connection.prepare_cached(sql)?;
    let member = statement.query_row(params![key, reader, upto.0], member).optional()?;
    let Some((visible_after, joined_after, changed_seq)) = member else {
        return Ok(EntryPage { entries: Vec::new(), upto: scan_end });
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM messages AS entry WHERE conversation_id = ?1 AND seq > ?2 AND seq <= ?3 \
         AND hidden_from IS NOT ?4 \
         AND CASE kind \
           WHEN {MESSAGE} THEN seq > ?5 \
           WHEN {CONVERSATION} THEN seq >= ?7 OR seq = ?6 + 1 \
           ELSE ref_seq > ?5 AND NOT EXISTS (SELECT 1 FROM messages AS changed \
             JOIN messages AS last ON last.conversation_id = ?1 AND last.seq = changed.change_seq \
             WHERE changed.conversation_id = ?1 AND changed.seq = entry.ref_seq \
             AND changed.change_seq > entry.seq AND last.position <= ?8) \
         END ORDER BY seq"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let [above, last] = [range.after_seq, scan_end.seq].map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
    let values = params![key, above, last, reader, visible_after, joined_after, changed_seq, upto.0];
    EntryPage::of(
        range,
        scan_end,
        statement.query_map(values, |row| entry(connection, range.conversation, row))?,
    )
}

/// Entries with `after` < position ≤ `upto`, ascending. A roster has the members who may see the message now.
fn committed(
    connection: &Connection,
    after: Position,
    upto: Position,
    limit: usize,
) -> Result<Vec<Arc<Committed>>, rusqlite::Error> {
    let sql = format!(
        "SELECT {COLUMNS}, conversation_id, \
           (SELECT kind FROM conversations WHERE conversations.id = conversation_id) \
         FROM messages WHERE position > ? AND position <= ? ORDER BY position LIMIT ?"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![after.0, upto.0, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key = ConversationKey(row.get("conversation_id")?);
        // The last column has no name.
        let is_group = row.get::<_, i64>(17)? == GROUP;
        let entry = entry(connection, key, row)?;
        found.push(Arc::new(match group::entry_at(connection, key, entry.seq)? {
            Some(change) => Committed::of_group(key, entry, change),
            None => {
                let of = entry.message.as_ref().filter(|_| is_group);
                let roster = of.map(|message| seen_by(connection, key, message.seq)).transpose()?;
                Committed::of_message(key, entry, roster, Origin::default())
            }
        }));
    }
    Ok(found)
}

struct SqliteFollower<'a> {
    store: &'a SqliteStore,
    follower: TailFollower<'a>,
}

#[async_trait]
impl Follower for SqliteFollower<'_> {
    async fn next(&self, limit: usize) -> Result<Vec<Arc<Committed>>, StoreError> {
        let read = |after| {
            // Read no further than this: later entries may be in the table before their commit is reported.
            let upto = self.store.writer.position();
            let read = move |connection: &Connection| committed(connection, after, upto, limit);
            self.store.readers.run(NOBODY, read)
        };
        self.follower.next_or(limit, read).await
    }
}

#[async_trait]
impl MessageStore for SqliteStore {
    fn submit(&self, append: Append, origin: Origin) -> Submitted {
        let (answer, outcome) = oneshot::channel();
        Submitted::awaited(self.writer.submit(Box::new(AppendJob::new(append, origin, answer))), outcome)
    }

    fn follow(&self, after: Position) -> Box<dyn Follower + '_> {
        Box::new(SqliteFollower { store: self, follower: self.tail.follow(after) })
    }

    async fn position(&self) -> Result<Position, StoreError> {
        Ok(self.writer.position())
    }

    fn epoch(&self) -> Epoch {
        self.epochs.current
    }

    fn reached(&self, epoch: Epoch, position: Position) -> bool {
        self.epochs.reached(epoch, position, self.writer.position())
    }

    async fn entries(&self, ranges: Vec<EntryRange>, upto: Position) -> Result<Vec<EntryPage>, StoreError> {
        let reader = ranges.first().map_or(NOBODY, |range| range.reader);
        let span = EntryPage::span(ranges.len());
        let read = move |connection: &Connection| {
            ranges.iter().map(|range| entries(connection, range, span, upto)).collect()
        };
        self.readers.run(reader, read).await
    }

    async fn messages_before(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        before: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        self.readers
            .run(reader, move |connection| history::before(connection, reader, conversation, before, limit))
            .await
    }

    async fn messages_after(
        &self,
        reader: UserId,
        conversation: ConversationKey,
        after: u64,
        limit: usize,
    ) -> Result<Vec<MessageRecord>, StoreError> {
        self.readers
            .run(reader, move |connection| history::after(connection, reader, conversation, after, limit))
            .await
    }
}
