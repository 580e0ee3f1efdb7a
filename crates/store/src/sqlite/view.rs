//! Conversations as their members see them.

use std::sync::Arc;

use domain::store::{ConversationKey, ConversationRecord, MemberRecord, Position, UserId};
use protocol::{ConversationId, ConversationKind, Cursors, HistoryAccess, Role, Timestamp, limit};
use rusqlite::{Connection, OptionalExtension, params};

use super::{history, message};

/// How many of the newest entries are read to count unread messages. There is a bound because any number of changes
/// and of the user's own messages may stand in a row.
const LOOK_BACK: u64 = 2 * limit::UNREAD;

pub(super) const DIRECT: i64 = 0;
pub(super) const GROUP: i64 = 1;

const OWNER: i64 = 0;
const ADMIN: i64 = 1;
pub(super) const MEMBER: i64 = 2;

pub(super) fn role_number(role: Role) -> i64 {
    match role {
        Role::Owner => OWNER,
        Role::Admin => ADMIN,
        Role::Member => MEMBER,
    }
}

pub(super) fn role_of(number: i64) -> Role {
    match number {
        OWNER => Role::Owner,
        ADMIN => Role::Admin,
        _ => Role::Member,
    }
}

pub(super) fn history_of(all: bool) -> HistoryAccess {
    if all { HistoryAccess::All } else { HistoryAccess::Joined }
}

/// A conversation as `user` sees it. With `None` nothing is hidden, and nothing counts as unread.
pub(super) fn record(
    connection: &Connection,
    key: ConversationKey,
    user: Option<UserId>,
) -> Result<Option<ConversationRecord>, rusqlite::Error> {
    let sql =
        "SELECT public_id, kind, created_at, title, history, changed_seq FROM conversations WHERE id = ?";
    let found = connection.prepare_cached(sql)?.query_row([key.0], |row| {
        let kind =
            if row.get::<_, i64>(1)? == GROUP { ConversationKind::Group } else { ConversationKind::Direct };
        Ok(ConversationRecord {
            key,
            id: ConversationId::from_bytes(row.get(0)?),
            kind,
            title: row.get(3)?,
            history: history_of(row.get(4)?),
            created_at: Timestamp::from_millis(row.get(2)?),
            head_seq: 0,
            head_position: Position::default(),
            changed_seq: row.get(5)?,
            members: Vec::new(),
            former: Vec::new(),
            last_message: None,
            unread: 0,
        })
    });
    let Some(mut record) = found.optional()? else {
        return Ok(None);
    };
    // No account has the number 0, so no message is hidden from it.
    let mut reader = Viewer { user: user.unwrap_or(UserId(0)), read_seq: None, visible_after: 0 };
    members(connection, &mut record, &mut reader)?;
    (record.head_seq, record.head_position) = head(connection, key)?;
    let looked_at = record.head_seq.saturating_sub(LOOK_BACK).max(reader.visible_after);
    if let Some(read_seq) = reader.read_seq {
        record.unread = unread(connection, key, reader.user, read_seq.max(looked_at))?;
    }
    let newest = history::newest(connection, key, reader.user, record.head_seq)?;
    if let Some(seq) = newest.filter(|seq| *seq > reader.visible_after) {
        record.last_message = message::at(connection, key, seq)?;
    }
    Ok(Some(record))
}

/// The user who asks for a conversation.
struct Viewer {
    user: UserId,
    /// `None` if the user is not a member.
    read_seq: Option<u64>,
    visible_after: u64,
}

/// Adds the members and the former members to a record, and fills in the marks of the viewer.
fn members(
    connection: &Connection,
    record: &mut ConversationRecord,
    reader: &mut Viewer,
) -> Result<(), rusqlite::Error> {
    let sql = "SELECT user_id, username, display_name, role, delivered_seq, read_seq, muted, visible_after, gone \
               FROM members JOIN users ON users.id = user_id WHERE conversation_id = ?";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([record.key.0])?;
    while let Some(row) = rows.next()? {
        let (user, username) = (UserId(row.get(0)?), row.get::<_, Arc<str>>(1)?);
        if row.get(8)? {
            record.former.push((user, username));
            continue;
        }
        let cursors = Cursors { delivered_seq: row.get(4)?, read_seq: row.get(5)? };
        if user == reader.user {
            (reader.read_seq, reader.visible_after) = (Some(cursors.read_seq), row.get(7)?);
        }
        record.members.push(MemberRecord {
            user,
            username,
            display_name: row.get(2)?,
            role: role_of(row.get(3)?),
            cursors,
            muted: row.get(6)?,
        });
    }
    Ok(())
}

fn unread(
    connection: &Connection,
    key: ConversationKey,
    user: UserId,
    above: u64,
) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM messages \
               WHERE conversation_id = ? AND seq > ? AND kind = ? AND sender_id <> ? \
               AND hidden_from IS NOT ? LIMIT ?)";
    let values = params![key.0, above, message::MESSAGE, user.0, user.0, limit::UNREAD];
    connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))
}

/// The `seq` and the position of the last entry; 0 and 0 for an empty log.
pub(super) fn head(
    connection: &Connection,
    key: ConversationKey,
) -> Result<(u64, Position), rusqlite::Error> {
    let sql = "SELECT seq, position FROM messages WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1";
    let head =
        connection.prepare_cached(sql)?.query_row([key.0], |row| Ok((row.get(0)?, Position(row.get(1)?))));
    Ok(head.optional()?.unwrap_or_default())
}
