//! Rows of messages and of their changes.

use domain::store::{ConversationKey, MessageRecord, Roster, UserId};
use protocol::{MessageId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::attachment;
use super::client_id::StoredClientId;
use super::mention::StoredMentions;
use super::reacted;

pub(super) const MESSAGE: i64 = 0;
pub(super) const EDIT: i64 = 1;
pub(super) const DELETE: i64 = 2;
pub(super) const REACTION: i64 = 3;
/// A change of the conversation itself.
pub(super) const CONVERSATION: i64 = 4;

/// The columns of an entry and of a message, in the order in which `entry` and `message` read them.
pub(super) const COLUMNS: &str = "seq, position, kind, ref_seq, id, sender_id, client_id, text, timestamp, reply_to, \
                       edited_at, deleted_at, change_seq, hidden_from, attachments, mentions";

pub(super) fn message(
    connection: &Connection,
    conversation: ConversationKey,
    row: &Row<'_>,
) -> Result<MessageRecord, rusqlite::Error> {
    let seq = row.get(0)?;
    let change_seq: Option<u64> = row.get(12)?;
    Ok(MessageRecord {
        conversation,
        seq,
        id: MessageId::from_bytes(row.get(4)?),
        sender: UserId(row.get(5)?),
        client_id: row.get::<_, Option<StoredClientId>>(6)?.map(|stored| stored.0),
        text: row.get(7)?,
        timestamp: Timestamp::from_millis(row.get(8)?),
        reply_to: row.get::<_, Option<[u8; 16]>>(9)?.map(MessageId::from_bytes),
        edited_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
        deleted_at: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_millis),
        attachments: match row.get::<_, Option<i64>>(14)? {
            Some(_) => attachment::of_message(connection, conversation, seq)?,
            None => Vec::new(),
        },
        mentions: row.get::<_, Option<StoredMentions>>(15)?.map(|stored| stored.0),
        // A reaction is a change.
        reactions: match change_seq {
            Some(_) => reacted::of_message(connection, conversation, seq)?,
            None => Vec::new(),
        },
        hidden_from: row.get::<_, Option<i64>>(13)?.map(UserId),
        change_seq,
    })
}

/// The message of a `seq`.
pub(super) fn at(
    connection: &Connection,
    conversation: ConversationKey,
    seq: u64,
) -> Result<Option<MessageRecord>, rusqlite::Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM messages WHERE conversation_id = ? AND seq = ? AND kind = {MESSAGE}");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row(params![conversation.0, seq], |row| message(connection, conversation, row)).optional()
}

/// The highest `seq` that the reader may not see. A reader who is not a member may see no message.
pub(super) fn visible_after(
    connection: &Connection,
    reader: UserId,
    conversation: ConversationKey,
) -> Result<u64, rusqlite::Error> {
    let sql = "SELECT visible_after FROM members WHERE conversation_id = ? AND user_id = ? AND gone = 0";
    let found = connection.prepare_cached(sql)?.query_row([conversation.0, reader.0], |row| row.get(0));
    // Above every `seq`, and still within SQLite's integers.
    Ok(found.optional()?.unwrap_or(u64::MAX >> 1))
}

/// The message with an id, if the reader may see it: it is not hidden from them, and not older than what they may
/// read back to. The `seq` is part of the id.
pub(super) fn seen(
    connection: &Connection,
    reader: UserId,
    conversation: ConversationKey,
    id: MessageId,
) -> Result<Option<MessageRecord>, rusqlite::Error> {
    let above = visible_after(connection, reader, conversation)?;
    let message = at(connection, conversation, id.seq())?.filter(|message| message.id == id);
    Ok(message.filter(|message| message.seq > above && message.hidden_from != Some(reader)))
}

/// The members who may see the message with a `seq`, ascending by number.
pub(super) fn seen_by(
    connection: &Connection,
    conversation: ConversationKey,
    seq: u64,
) -> Result<Roster, rusqlite::Error> {
    let sql = "SELECT user_id FROM members WHERE conversation_id = ? AND gone = 0 AND visible_after < ? ORDER BY user_id";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(params![conversation.0, seq], |row| row.get(0).map(UserId))?.collect()
}

/// The position of the last entry in the store; 0 before the first.
pub(super) fn last_position(connection: &Connection) -> Result<u64, rusqlite::Error> {
    connection.query_row("SELECT coalesce(max(position), 0) FROM messages", [], |row| row.get(0))
}
