//! Pages of a conversation's messages.
//!
//! Any number of changes and of messages hidden from the reader may stand in a row. Each such entry names the nearest
//! message below it (`below_seq`), so that a page jumps over them. Example: 1 is a message and 2, 3 and 4 are
//! reactions to it; each of the reactions has `below_seq` 1.

use domain::store::{ConversationKey, MessageRecord, UserId};
use protocol::limit;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::lane::NOBODY;
use super::message::{self, COLUMNS, MESSAGE};

/// The columns of an entry that decide whether a page shows it.
struct EntryRow {
    seq: u64,
    kind: i64,
    hidden_from: Option<UserId>,
}

impl EntryRow {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        let hidden_from = row.get::<_, Option<i64>>("hidden_from")?.map(UserId);
        Ok(Self { seq: row.get("seq")?, kind: row.get("kind")?, hidden_from })
    }

    /// Whether the entry is a message, and not hidden from the reader.
    fn is_shown_to(&self, reader: UserId) -> bool {
        self.kind == MESSAGE && self.hidden_from != Some(reader)
    }
}

/// The `seq` of the newest message at or below a `seq` that is not hidden from the reader. For [`NOBODY`] no message
/// is hidden.
pub(super) fn newest(
    connection: &Connection,
    key: ConversationKey,
    reader: UserId,
    mut seq: u64,
) -> Result<Option<u64>, rusqlite::Error> {
    let sql = "SELECT seq, kind, hidden_from, below_seq FROM messages WHERE conversation_id = ? AND seq = ?";
    let mut statement = connection.prepare_cached(sql)?;
    while seq > 0 {
        let entry = |row: &Row<'_>| Ok((EntryRow::read(row)?, row.get::<_, Option<u64>>("below_seq")?));
        let Some((entry, below)) = statement.query_row(params![key.0, seq], entry).optional()? else {
            return Ok(None);
        };
        if entry.is_shown_to(reader) {
            return Ok(Some(seq));
        }
        seq = below.unwrap_or(seq - 1);
    }
    Ok(None)
}

/// The oldest message above `seq`, and not above `head`, that is not hidden from the reader. Goes ahead by 1, 2, 4, …
/// entries until [`newest`] finds a message that is above `seq`. Then narrows the gap by halves.
fn oldest(
    connection: &Connection,
    key: ConversationKey,
    reader: UserId,
    seq: u64,
    head: u64,
) -> Result<Option<u64>, rusqlite::Error> {
    let above =
        |upto: u64| newest(connection, key, reader, upto).map(|found| found.filter(|found| *found > seq));
    let (mut below, mut step) = (seq, 1);
    let mut found = loop {
        let upto = below.saturating_add(step).min(head);
        match above(upto)? {
            Some(found) => break found,
            None if upto >= head => return Ok(None),
            None => (below, step) = (upto, step * 2),
        }
    };
    // No message is above `seq` and up to `below`; one is at `found`.
    while found - below > 1 {
        let middle = below.midpoint(found);
        match above(middle)? {
            Some(lower) => found = lower,
            None => below = middle,
        }
    }
    Ok(Some(found))
}

/// How many messages with `above` < `seq` ≤ `head` the reader has not read: those of others that are neither deleted nor
/// hidden from the reader, at most [`limit::UNREAD`]. The rows that are read are bounded, too, because any number of the
/// reader's own messages may stand in a row.
pub(super) fn unread(
    connection: &Connection,
    key: ConversationKey,
    reader: UserId,
    above: u64,
    head: u64,
) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT seq, kind, hidden_from, below_seq, sender_id <> ? AND deleted_at IS NULL FROM messages \
               WHERE conversation_id = ? AND seq = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let (mut unread, mut seq) = (0, head);
    for _ in 0..2 * limit::UNREAD {
        if seq <= above || unread == limit::UNREAD {
            break;
        }
        let entry = |row: &Row<'_>| {
            let below = row.get::<_, Option<u64>>("below_seq")?;
            // The last column has no name.
            Ok((EntryRow::read(row)?, below, row.get::<_, bool>(4)?))
        };
        let (entry, below, counts) = statement.query_row(params![reader.0, key.0, seq], entry)?;
        let is_shown = entry.is_shown_to(reader);
        unread += u64::from(is_shown && counts);
        seq = below.filter(|_| !is_shown).unwrap_or(seq - 1);
    }
    Ok(unread)
}

/// The `below_seq` of an entry that is about to be inserted. `None` for a message that is hidden from nobody: pages
/// never jump from it.
pub(super) fn below(
    connection: &Connection,
    key: ConversationKey,
    seq: u64,
    kind: i64,
    hidden_from: Option<UserId>,
) -> Result<Option<u64>, rusqlite::Error> {
    match (kind, hidden_from) {
        (MESSAGE, None) => Ok(None),
        (MESSAGE, Some(user)) => Ok(Some(newest(connection, key, user, seq - 1)?.unwrap_or(0))),
        _ => Ok(Some(newest(connection, key, NOBODY, seq - 1)?.unwrap_or(0))),
    }
}

/// Fills `below_seq` for entries created before migration 9.
pub(super) fn fill_below_seq(connection: &Connection) -> Result<(), rusqlite::Error> {
    let sql = "SELECT DISTINCT conversation_id FROM messages WHERE kind <> 0 OR hidden_from IS NOT NULL";
    let mut statement = connection.prepare(sql)?;
    let keys: Vec<ConversationKey> =
        statement.query_map([], |row| row.get(0).map(ConversationKey))?.collect::<Result<_, _>>()?;
    let sql = "SELECT seq, kind, hidden_from, position FROM messages WHERE conversation_id = ? ORDER BY seq";
    let mut entries = connection.prepare(sql)?;
    let mut update = connection.prepare("UPDATE messages SET below_seq = ? WHERE position = ?")?;
    for key in keys {
        // The newest message so far that is hidden from nobody, and for each user the newest that is hidden from them.
        let (mut shown, mut hidden) = (0, Vec::<(UserId, u64)>::new());
        let mut rows = entries.query([key.0])?;
        while let Some(row) = rows.next()? {
            let EntryRow { seq, kind, hidden_from } = EntryRow::read(row)?;
            let position: i64 = row.get("position")?;
            if kind != MESSAGE || hidden_from.is_some() {
                let others = hidden.iter().filter(|(user, _)| kind != MESSAGE || hidden_from != Some(*user));
                let below = others.map(|(_, seq)| *seq).max().unwrap_or(0).max(shown);
                update.execute(params![below, position])?;
            }
            match hidden_from {
                _ if kind != MESSAGE => {}
                None => shown = seq,
                Some(user) => {
                    hidden.retain(|(other, _)| *other != user);
                    hidden.push((user, seq));
                }
            }
        }
    }
    Ok(())
}

/// The newest messages below a `seq` that the reader may see, at most `limit`, ascending.
pub(super) fn before(
    connection: &Connection,
    reader: UserId,
    key: ConversationKey,
    before: u64,
    limit: usize,
) -> Result<Vec<MessageRecord>, rusqlite::Error> {
    let above = message::visible_after(connection, reader, key)?;
    let (mut messages, mut last) = (Vec::new(), head(connection, key)?.min(before.saturating_sub(1)));
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE conversation_id = ? AND seq > ? AND seq <= ? ORDER BY seq DESC"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    while messages.len() < limit
        && let Some(newest) = newest(connection, key, reader, last)?.filter(|seq| *seq > above)
    {
        let mut rows = statement.query(params![key.0, above, newest])?;
        last = 0;
        while messages.len() < limit
            && let Some(row) = rows.next()?
        {
            last = row.get("seq")?;
            if !EntryRow::read(row)?.is_shown_to(reader) {
                break;
            }
            messages.push(message::message(connection, key, row)?);
            last -= 1;
        }
    }
    messages.reverse();
    Ok(messages)
}

/// The oldest messages above a `seq` that the reader may see, at most `limit`, ascending.
pub(super) fn after(
    connection: &Connection,
    reader: UserId,
    key: ConversationKey,
    after: u64,
    limit: usize,
) -> Result<Vec<MessageRecord>, rusqlite::Error> {
    let head = head(connection, key)?;
    let (mut messages, mut last) = (Vec::new(), after.max(message::visible_after(connection, reader, key)?));
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE conversation_id = ? AND seq >= ? AND seq <= ? ORDER BY seq"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    while messages.len() < limit
        && last < head
        && let Some(oldest) = oldest(connection, key, reader, last, head)?
    {
        let mut rows = statement.query(params![key.0, oldest, head])?;
        last = head;
        while messages.len() < limit
            && let Some(row) = rows.next()?
        {
            if !EntryRow::read(row)?.is_shown_to(reader) {
                last = row.get("seq")?;
                break;
            }
            messages.push(message::message(connection, key, row)?);
        }
    }
    Ok(messages)
}

/// The highest `seq` of the conversation; 0 while its log is empty.
fn head(connection: &Connection, key: ConversationKey) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT coalesce(max(seq), 0) FROM messages WHERE conversation_id = ?";
    connection.prepare_cached(sql)?.query_row([key.0], |row| row.get(0))
}
